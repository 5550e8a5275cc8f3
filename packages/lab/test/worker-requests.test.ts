import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { watchedKey } from '../../worker/src/packages/watched-files.ts';
import { WorkerAnswer } from '../../worker/src/requests/answer.ts';
import { DetailAnswer, PackageListing } from '../../worker/src/requests/package-listing.ts';
import { askOverPipes } from '../../worker/test/worker-process.ts';
import { bench } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: Awaited<ReturnType<typeof bench>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  host = await bench(folder.path, ['toylib=1.0-1', 'toyhello=1.0-1']);
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Asks the real program. */
async function ask(request: object): Promise<unknown> {
  const { answer } = await askOverPipes(['request', '--root', host.root], (to) =>
    to.end(`${JSON.stringify({ v: 1, ...request })}\n`),
  );
  const read = WorkerAnswer.parse(JSON.parse(answer));
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

it('a worker reads what is installed, what waits and the sources, as its package manager says it', async () => {
  const listing = PackageListing.parse(await ask({ op: 'snapshot', explain: false }));
  const { inventory } = host.packages;
  expect(listing.packages).toEqual(await inventory.listPackages());
  const { patches, hiddenSecurity } = await inventory.listPatches();
  expect(listing.updates).toEqual({ patches, hiddenSecurity });
  expect(patches.map(({ name }) => name)).toEqual(expect.arrayContaining(['toylib', 'toyhello']));
  expect(listing.sources).toMatchObject([
    { label: 'Debian', present: true, security: false },
    { label: 'Debian-Security', present: true, security: true },
  ]);
  expect(listing.versionRanks).toHaveLength(listing.packages.length);
});

it('explains on request which updates an ordinary upgrade would leave', async () => {
  const { updates } = PackageListing.parse(await ask({ op: 'snapshot', explain: true }));
  expect(updates).toMatchObject({
    patches: expect.arrayContaining([expect.objectContaining({ kept_back: false })]),
  });
});

it('has details of one package, and null for one that nobody knows', async () => {
  const detail = DetailAnswer.parse(await ask({ op: 'detail', name: 'toylib' }));
  expect(detail).toEqual(await host.packages.inventory.findPackage('toylib'));
  expect(await ask({ op: 'detail', name: 'nowhere' })).toBeNull();
});

it('names the files by whose state others can see that something changed', async () => {
  const { key, watched } = PackageListing.parse(await ask({ op: 'snapshot', explain: false }));
  expect(await watchedKey(systemFiles, watched)).toBe(key);
  appendFileSync(join(host.root, 'var/lib/dpkg/status'), '\n');
  expect(await watchedKey(systemFiles, watched)).not.toBe(key);
});
