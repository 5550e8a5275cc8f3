import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../process.ts';
import { createPrivateAptRoot } from './private-root.ts';
import { buildToyRepository, type ToyRepository } from './repository.ts';
import { type ServedRepository, serveRepository } from './serve.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: ToyRepository;
let roots = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
  await repository.publishUpdates();
});
afterAll(() => folder[Symbol.asyncDispose]());

const newRoot = (served: ServedRepository) =>
  createPrivateAptRoot({ folder: join(folder.path, `root${(roots += 1)}`), repository: served });

const paths = (served: ServedRepository, status: number): string[] =>
  served.requests.filter((one) => one.status === status).map((one) => one.path);

describe('a served repository', () => {
  it('feeds apt over HTTP and keeps a list of what was asked for', async () => {
    await using served = await serveRepository(repository, { port: 0 });
    const root = await newRoot(served);
    await root.update();
    expect(paths(served, 200)).toContain('/dists/bookworm-security/InRelease');
    await root.install(['toylib']);
    expect(paths(served, 200)).toContain('/pool/bookworm-security/toylib_1.0-1+deb12u1_all.deb');
    expect(paths(served, 404)).toEqual([]);
  });

  it('answers 404 for a file that was taken away, and apt says so', async () => {
    const own = await buildToyRepository({ folder: join(folder.path, 'gaps') });
    await using served = await serveRepository(own, { port: 0 });
    const root = await newRoot(served);
    await root.update();
    await own.removePool('toyhello');
    await expect(root.install(['toyhello'])).rejects.toThrow(/ended with 100.*404/s);
    expect(paths(served, 404)).toEqual(['/pool/bookworm/toyhello_1.0-1_all.deb']);
  });

  it('is reached directly when the machine has a proxy', async () => {
    await using served = await serveRepository(repository, { port: 0 });
    const root = await newRoot(served);
    const env = { ...root.env, http_proxy: 'http://127.0.0.1:9', no_proxy: '' };
    const args = ['update', '-o', 'APT::Update::Error-Mode=any'];
    expect(await runProgram('apt-get', args, { env })).toMatchObject({ exitCode: 0 });
  });

  it('keeps to its folder and survives paths that are no paths', async () => {
    await using served = await serveRepository(repository, { port: 0 });
    for (const target of ['/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc%2fpasswd', '/%zz', '/%00', '/dists']) {
      const response = await fetch(`${served.url}${target}`);
      expect([404, 500], target).toContain(response.status);
      expect(await response.text()).toBe('');
    }
    expect((await fetch(`${served.url}/lab.gpg`)).status).toBe(200);
  });

  it('frees its port when disposed, also twice', async () => {
    const served = await serveRepository(repository, { port: 0 });
    await served[Symbol.asyncDispose]();
    await served[Symbol.asyncDispose]();
    await expect(fetch(served.url)).rejects.toThrow();
  });

  it('refuses to start on a port that is taken', async () => {
    await using served = await serveRepository(repository, { port: 0 });
    const port = Number(new URL(served.url).port);
    await expect(serveRepository(repository, { port })).rejects.toThrow(/EADDRINUSE/);
  });
});
