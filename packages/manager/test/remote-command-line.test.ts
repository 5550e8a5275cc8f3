import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import { agentProfile } from '@linux-patch/pki';
import { systemClock, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ownProgram, startMiddlebox, startSlowListener, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueOwn } from '../src/authority/init.ts';
import { createApiClient } from '../src/cli/api-client.ts';
import { remoteOf } from '../src/cli/remote-connection.ts';
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

interface Pair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** A certificate with its key that the manager keeps in its folder. */
async function ownPair(name: string): Promise<Pair> {
  const [certificatePem = '', privateKeyPem = ''] = await Promise.all(
    [`${name}.pem`, `${name}.key.pem`].map((file) => readFile(join(world.paths.caFolder, file), 'utf8')),
  );
  return { certificatePem, privateKeyPem };
}

/** What a host gets that the manager's CA certified for an address. */
async function hostPair(ipAddress: string): Promise<Pair> {
  const doors = { clock: systemClock, random: systemRandom };
  return issueOwn(doors, await ownPair('issuing'), agentProfile({ fqdn: 'web1.example.test', ipAddress }));
}

/** Somebody who listens with a certificate, and what was said to them. */
async function listenWith({ certificatePem: cert, privateKeyPem: key }: Pair, address: string) {
  let heardBytes = 0;
  const server = createTlsServer({ cert, key }, (socket) =>
    socket
      .on('error', () => {})
      .on('data', ({ length }: Buffer) => {
        heardBytes += length;
        socket.destroy();
      }),
  );
  await once(server.listen(0, address), 'listening');
  const { port } = server.address() as { readonly port: number };
  return {
    url: `https://${address}:${port}`,
    heard: () => heardBytes,
    async [Symbol.asyncDispose]() {
      await once(server.close(), 'close');
    },
  };
}

/** Options that name a place, and a token of this manager. */
async function placeOf(place: { readonly url: string }): Promise<string[]> {
  return ['--manager', place.url, '--token-file', await tokenFile(`to-${new URL(place.url).port}`, 'viewer')];
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
  // What this process believes, which has a process of its own and reads it once; programs are started without it.
  process.env.SSL_CERT_FILE = caFile;
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

  it('is reached over a slow line when its name has an address of a family that leads nowhere', async () => {
    await using slow = await startSlowListener(world.port);
    const resolve = () => {
      // The first packet is on its way, and lost, by the time that the queue is emptied.
      setImmediate(() => slow.wake());
      return Promise.resolve(['127.0.0.1', '::1']);
    };
    const manager = `https://manager.example.test:${slow.port}`;
    const options = { root: folder.path, manager, ca: caFile, tokenFile: await tokenFile('far', 'viewer') };
    const connection = await remoteOf(options, systemFiles, resolve);
    const status = await createApiClient(connection!).call(MANAGER_ADMIN_ROUTES.status);
    expect(status).toMatchObject({ manager_url: 'https://manager.example.test:8443' });
  });

  it('is reached through what cuts a handshake that does not fit into one packet', async () => {
    await using middlebox = await startMiddlebox(world.port, 'cuts');
    const token = await tokenFile('cut-off', 'viewer');
    const { exitCode, stderr } = await run([
      '--manager',
      middlebox.url,
      '--ca',
      caFile,
      '--token-file',
      token,
      'status',
    ]);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(middlebox.greetings.map((bytes) => bytes > 1_400)).toEqual([true, false]);
  });

  it('needs no file where this machine believes its authority', async () => {
    const options = { root: folder.path, manager: url, tokenFile: await tokenFile('known', 'viewer') };
    const connection = await remoteOf(options, systemFiles);
    const status = await createApiClient(connection!).call(MANAGER_ADMIN_ROUTES.status);
    expect(status).toMatchObject({ hosts: 0 });
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
    await using elsewhere = await listenWith(await ownPair('web'), '127.0.0.2');
    const { exitCode, stderr } = await run([...(await placeOf(elsewhere)), '--ca', caFile, 'status']);
    expect([exitCode, stderr, elsewhere.heard()]).toEqual([1, expect.stringMatching(isSentNothing), 0]);
    expect(stderr).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('is sent nothing when the file of --ca vouches for it as a host of that name', async () => {
    await using host = await listenWith(await hostPair('127.0.0.3'), '127.0.0.3');
    const { exitCode, stderr } = await run([...(await placeOf(host)), '--ca', caFile, 'status']);
    expect([exitCode, stderr, host.heard()]).toEqual([1, expect.stringMatching(isSentNothing), 0]);
    expect(stderr).toContain('"web1.example.test-server" is the certificate of a host, not of a manager');
    expect(stderr).toContain('should be revoked');
  });

  it('is sent nothing when this machine believes its authority and it is a host', async () => {
    await using host = await listenWith(await hostPair('127.0.0.4'), '127.0.0.4');
    const options = { root: folder.path, manager: host.url, tokenFile: await tokenFile('astray', 'viewer') };
    const connection = await remoteOf(options, systemFiles);
    await expect(createApiClient(connection!).call(MANAGER_ADMIN_ROUTES.status)).rejects.toMatchObject({
      code: 'MANAGER_UNTRUSTED',
      message: expect.stringMatching(/is the certificate of a host, not of a manager\. Nothing was sent\./),
    });
    expect(host.heard()).toBe(0);
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
