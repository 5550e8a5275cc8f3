import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { ownProgram, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

const PROGRAM = ownProgram('linux-patch-manager');
let world: World;
/** Of somebody on another machine: nothing of a manager is here. */
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let url: string;
let caFile: string;

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...env } };
    execFile(PROGRAM, ['--root', folder.path, ...args], options, (error, stdout, stderr) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

async function privateFile(name: string, text: string): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

async function tokenFile(name: string, role: string): Promise<string> {
  const { secret } = (await world.admin('/api-tokens', { name, role })).json().data;
  return privateFile(`${name}.token`, `${secret}\n`);
}

const remotely = (token: string): string[] => ['--manager', url, '--ca', caFile, '--token-file', token];

beforeAll(async () => {
  world = await startWorld({
    server: {
      bind: '127.0.0.1',
      port: 0,
      url: 'https://manager.example.test:8443',
      names: ['127.0.0.1'],
    },
  });
  folder = await temporaryFolder();
  url = `https://127.0.0.1:${world.port}`;
  caFile = await privateFile('root.pem', world.caPem);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

describe('a manager elsewhere', () => {
  it('is asked over TLS, as the program whose token was given, as far as its role goes', async () => {
    const token = await tokenFile('laptop', 'operator');
    const status = await run([...remotely(token), 'status', '--json']);
    expect([status.exitCode, status.stderr]).toEqual([0, '']);
    expect(JSON.parse(status.stdout)).toMatchObject({
      hosts: 0,
      manager_url: 'https://manager.example.test:8443',
    });
    expect((await run([...remotely(token), 'groups', 'create', 'web'])).exitCode).toBe(0);
    const rows = await world.database.db
      .selectFrom('audit')
      .selectAll()
      .where('event', '=', 'group_created')
      .execute();
    expect(rows.map(({ actor }) => actor)).toEqual(['api-token:laptop']);
    const refused = await run([...remotely(token), 'audit', 'list']);
    expect([refused.exitCode, refused.stderr]).toEqual([
      5,
      expect.stringContaining('needs the permission audit:read, which api-token:laptop'),
    ]);
  });

  it('can stand in the environment', async () => {
    const env = {
      LINUX_PATCH_MANAGER: url,
      LINUX_PATCH_CA: caFile,
      LINUX_PATCH_TOKEN_FILE: await tokenFile('desktop', 'viewer'),
    };
    expect((await run(['hosts', 'list'], env)).exitCode).toBe(0);
    const serve = await run(['serve'], env);
    expect([serve.exitCode, serve.stderr]).toEqual([
      1,
      expect.stringContaining('This command works on the files of the manager, so it runs on its machine'),
    ]);
  });

  it('gets nothing from whoever has a token that is not good any more, and says so', async () => {
    const token = await tokenFile('lost', 'viewer');
    await world.admin('/api-tokens/lost/revoke', {});
    const answer = await run([...remotely(token), 'hosts', 'list']);
    expect([answer.exitCode, answer.stderr]).toEqual([1, expect.stringMatching(/revoked/)]);
  });
});

describe('what is not proven to be the manager', () => {
  const isSentNothing = /Nothing was sent\./;

  it('is sent nothing when this machine does not believe its authority, and is told how to', async () => {
    const token = await tokenFile('early', 'viewer');
    const { exitCode, stderr } = await run(['--manager', url, '--token-file', token, 'status']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(isSentNothing)]);
    expect(stderr).toContain('give --ca FILE: a copy of /var/lib/linux_patch_manager/ca/root.pem');
  });

  it('is sent nothing when it has another name', async () => {
    const [cert, key] = await Promise.all(
      ['web.pem', 'web.key.pem'].map((name) => readFile(join(world.paths.caFolder, name))),
    );
    let received = 0;
    const elsewhere = createTlsServer({ cert, key }, (socket) =>
      socket.on('error', () => {}).on('data', ({ length }: Buffer) => (received += length)),
    );
    await once(elsewhere.listen(0, '127.0.0.2'), 'listening');
    const { port } = elsewhere.address() as { readonly port: number };
    const token = await tokenFile('wrong-name', 'viewer');
    const place = ['--manager', `https://127.0.0.2:${port}`, '--ca', caFile, '--token-file', token];
    const { exitCode, stderr } = await run([...place, 'status']);
    expect([exitCode, stderr, received]).toEqual([1, expect.stringMatching(isSentNothing), 0]);
    expect(stderr).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    await once(elsewhere.close(), 'close');
  });

  it('is told apart from nobody at all', async () => {
    const closed = createServer();
    await once(closed.listen(0, '127.0.0.1'), 'listening');
    const { port } = closed.address() as { readonly port: number };
    await once(closed.close(), 'close');
    const args = [
      '--manager',
      `https://127.0.0.1:${port}`,
      '--token-file',
      await tokenFile('nobody', 'viewer'),
    ];
    const { exitCode, stderr } = await run([...args, 'status']);
    expect([exitCode, stderr]).toEqual([4, expect.stringMatching(/does not answer at .*ECONNREFUSED/)]);
  });
});

describe('options for a manager elsewhere', () => {
  it('are refused in words when one is missing or wrong', async () => {
    const token = await tokenFile('careful', 'viewer');
    const without = await run(['--manager', url, 'status']);
    expect(without.stderr).toContain('Say with --token-file FILE as whom to call');
    const alone = await run(['--token-file', token, 'status']);
    expect(alone.stderr).toContain('say with --manager URL which');
    const plain = await run(['--manager', 'http://127.0.0.1:1', '--token-file', token, 'status']);
    expect([plain.exitCode, plain.stderr]).toEqual([2, expect.stringContaining('https')]);
    const notPem = await run(['--manager', url, '--ca', token, '--token-file', token, 'status']);
    expect(notPem.stderr).toContain('holds no certificate');
    const absent = await run([...remotely(`${token}.old`), 'status']);
    expect(absent.stderr).toContain('There is no file');
    const empty = await run([...remotely(await privateFile('empty', '\n')), 'status']);
    expect(empty.stderr).toContain('is no API token');
  });

  it('take no token that others can read, and never show one', async () => {
    const token = await tokenFile('shared', 'viewer');
    await chmod(token, 0o644);
    const { exitCode, stderr } = await run([...remotely(token), 'status']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`chmod 600 ${token}`)]);
    expect(stderr).not.toContain('lpmt_');
  });
});
