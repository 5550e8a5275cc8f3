import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askOverSocket } from './worker-process.ts';

const CONFIG = 'etc/linux_patch_api/config.yaml';

async function privateRoot(): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return folder.path;
}

async function put(root: string, path: string, text: string): Promise<string> {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text, { mode: 0o600 });
  return target;
}

async function answerTo(root: string, request: object): Promise<unknown> {
  const args = ['request', '--root', root, '--config', join(root, CONFIG)];
  const { answer } = await askOverSocket(
    args,
    (to) => void to.write(`${JSON.stringify({ v: 1, ...request })}\n`),
  );
  return JSON.parse(answer);
}

const readOut = (root: string, path: string) => answerTo(root, { op: 'roots-file', path });

describe('what an agent that is not root asks of the host', () => {
  it.each([
    CONFIG,
    'etc/linux_patch_api/whitelist.yaml',
    'etc/linux_patch_api/policy.yaml',
    'etc/linux_patch_api/join',
    'sys/class/dmi/id/product_uuid',
  ])('what it goes by is read out to it, and what is not there is null: %s', async (path) => {
    const root = await privateRoot();
    expect(await readOut(root, join(root, path))).toMatchObject({ value: { text: null } });
    await put(root, path, 'text');
    expect(await readOut(root, join(root, path))).toMatchObject({ value: { text: 'text' } });
  });

  it('what root names in the configuration is read out, unless somebody else could lay it there, and nothing else is', async () => {
    const root = await privateRoot();
    const named = await put(root, 'srv/ca.pem', 'a certificate');
    const other = await put(root, 'srv/other', 'a secret');
    const link = join(root, 'srv/join');
    await symlink(other, link);
    const pin = join(root, 'etc/linux_patch_api/job-key.json');
    await put(
      root,
      CONFIG,
      `enrollment: { ca_file: "${named}", join_file: "${link}" }\nserver: { port: 1 }\n`,
    );
    expect(await readOut(root, named)).toMatchObject({ value: { text: 'a certificate' } });
    for (const path of [other, link, pin, `${named}/../other`, '/etc/shadow'])
      expect([path, await readOut(root, path)]).toMatchObject([
        path,
        { ok: false, error: { code: 'FORBIDDEN' } },
      ]);
    const below = await put(root, `srv/agents/sub/ca.pem`, 'a certificate');
    await put(root, CONFIG, `enrollment: { ca_file: "${below}" }\n`);
    expect(await readOut(root, below)).toMatchObject({ value: { text: 'a certificate' } });
    // Whose folder it is lays a link to one of root's under the name of the folder that root had named.
    await chown(join(root, 'srv/agents'), 65_534, 65_534);
    expect(await readOut(root, below)).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } });
    await put(root, CONFIG, `enrollment: { ca_file: "${named}" }\n`);
    expect(await readOut(root, named)).toMatchObject({ value: { text: 'a certificate' } });
    await chmod(dirname(named), 0o777);
    expect(await readOut(root, named)).toMatchObject({ ok: false, error: { code: 'FORBIDDEN' } });
  });

  it('who listens on a port is named, and nobody is null', async () => {
    const root = await privateRoot();
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    expect(await answerTo(root, { op: 'port-holder', port })).toMatchObject({ value: { pid: process.pid } });
    await new Promise((done) => server.close(done));
    expect(await answerTo(root, { op: 'port-holder', port })).toMatchObject({ value: null });
  });
});
