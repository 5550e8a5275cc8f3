import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import { nodeCommands } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { childWorker } from '../../agent/src/worker-link/child-worker.ts';
import { openWorkerLink } from '../../agent/src/worker-link/link.ts';
import { createPackageLists } from '../../agent/src/worker-link/package-lists.ts';
import { OWN_PROGRAMS } from '../../worker/test/worker-process.ts';
import { bench } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: Awaited<ReturnType<typeof bench>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  host = await bench(folder.path, ['toyhello']);
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The agent's way to the real worker on this root. */
function listsOf(root: string) {
  const link = openWorkerLink(
    childWorker({
      commands: nodeCommands({}, OWN_PROGRAMS),
      hostArguments: ['--root', root],
    }),
  );
  onTestFinished(() => link[Symbol.dispose]());
  return createPackageLists(link);
}

/** Adds a source to the host that takes connections and says nothing; resolves when it is asked. */
async function addSilentSource(): Promise<{ readonly asked: Promise<void> }> {
  const asked = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    asked.resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const source = `deb [trusted=yes] http://127.0.0.1:${port} third main\n`;
  await writeFile(join(host.root, 'etc/apt/sources.list.d/third.list'), source);
  return { asked: asked.promise };
}

it('a worker refreshes the lists and reads the sources, as its package manager does', async () => {
  const lists = listsOf(host.root);
  const { signal } = new AbortController();
  const { failed, healthy, sources } = await lists.refresh(signal);
  expect([failed, healthy]).toEqual([[], sources?.map((one) => one.id)]);
  const told = await lists.sources(signal);
  expect(sources).toEqual(told);
  expect(told).toHaveLength(2);
  expect(await host.packages.inventory.sources()).toMatchObject(told);
});

it('names the sources that failed while others did not', async () => {
  const source = 'deb [trusted=yes] http://127.0.0.1:1 third main\n';
  await writeFile(join(host.root, 'etc/apt/sources.list.d/third.list'), source);
  await writeFile(join(host.root, 'etc/apt/apt.conf.d/90lab'), 'Acquire::Retries "0";\n');
  const { signal } = new AbortController();
  const { failed, healthy } = await listsOf(host.root).refresh(signal);
  expect(failed).toMatchObject([{ source: expect.stringContaining('127.0.0.1:1'), code: 'NETWORK_ERROR' }]);
  expect({ failed, healthy }).toEqual(await host.packages.refreshQuietly(signal));
});

it('whoever gives a refresh up ends everything that it has started', async () => {
  const { asked } = await addSilentSource();
  const given = new AbortController();
  const refreshing = listsOf(host.root).refresh(given.signal);
  await asked;
  expect(await host.packages.lockHolder()).toMatchObject({ program: 'apt-get' });
  const reason = new PatchError('INTERRUPTED', 'The agent is stopping.');
  given.abort(reason);
  await expect(refreshing).rejects.toBe(reason);
  await expect.poll(() => host.packages.lockHolder()).toBeUndefined();
});
