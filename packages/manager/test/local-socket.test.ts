import { once } from 'node:events';
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import { processUsage, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiClient } from '../src/cli/api-client.ts';
import { localConnection } from '../src/cli/local-connection.ts';
import { composeManager } from '../src/compose.ts';
import { type ManagerPaths, managerPaths } from '../src/config/paths.ts';
import { ManagerConfigSchema } from '../src/config/schema.ts';
import { managerThreads } from './manager-threads.ts';
import { startWorld, type World } from './world.ts';

const NOBODY = 65_534;
const stack = new AsyncDisposableStack();
let world: World;
beforeAll(async () => {
  world = stack.use(await startWorld());
});
afterAll(() => stack.disposeAsync());

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
const commandLine = (paths: ManagerPaths, startedFor?: string) =>
  createApiClient(localConnection({ files: systemFiles, paths, startedFor }));

/** Who the records say asked for the newest change. */
async function lastActor(): Promise<string | undefined> {
  const row = await world.database.db
    .selectFrom('audit')
    .select('actor')
    .where('event', '=', 'admin_call')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.actor;
}

describe('the socket of the command line', () => {
  it('is for the user of the manager and root, and goes with the manager', async () => {
    const { adminSocket } = world.paths;
    expect([await modeOf(adminSocket), await modeOf(dirname(adminSocket))]).toEqual([0o600, 0o700]);
    await world.restart(async () => {
      await expect(stat(adminSocket)).rejects.toThrow('ENOENT');
      await chmod(dirname(adminSocket), 0o777);
    });
    expect([await modeOf(adminSocket), await modeOf(dirname(adminSocket))]).toEqual([0o600, 0o700]);
  });

  it.each([
    ['alice', 'local (says: alice)'],
    ['alice@example.test', 'local (says: alice@example.test)'],
    ['EXAMPLE\\alice', 'local (says: EXAMPLE\\alice)'],
    ['root) manager (x', 'local (says: root??manager??x)'],
    ['al\nice\u202e', 'local (says: al?ice?)'],
    ['x'.repeat(500), `local (says: ${'x'.repeat(64)})`],
    ['', 'local'],
    [undefined, 'local'],
  ])(
    'needs no token, and a change through it is recorded with what %j says of itself',
    async (said, actor) => {
      const call = { params: { id: 'x' }, body: {} };
      await expect(
        commandLine(world.paths, said).call(MANAGER_ADMIN_ROUTES.deny, call),
      ).rejects.toMatchObject({
        code: 'ENROLLMENT_NOT_FOUND',
      });
      expect(await lastActor()).toBe(actor);
    },
  );

  it('writes what a caller says through no other client in the same form', async () => {
    const headers = { 'linux-patch-says': 'manager (really) \t' };
    await world.local({ method: 'POST', path: '/api/v1/enrollments/x/deny', body: {}, headers });
    expect(await lastActor()).toBe('local (says: manager??really?)');
  });

  it('is not what a caller over HTTPS can claim to have come through', async () => {
    const headers = { 'linux-patch-says': 'root', host: 'localhost', 'x-forwarded-for': 'local' };
    expect((await world.call({ path: '/api/v1/hosts', headers })).status).toBe(401);
  });

  it('is taken from no manager that runs', async () => {
    const doors = {
      files: systemFiles,
      clock: world.clock,
      random: systemRandom,
      processUsage,
      threads: managerThreads,
    };
    const config = ManagerConfigSchema.parse({ server: { bind: '127.0.0.1', port: 0 } });
    const second = composeManager({ ...doors, paths: world.paths, config, logger: memoryLogger() });
    await expect(second).rejects.toMatchObject({
      code: 'BIND_FAILED',
      message: expect.stringMatching(/admin\.sock.*another manager .* runs and answers there; stop it first/),
    });
    expect((await world.admin('/hosts')).status).toBe(200);
  });

  it('does not appear where somebody else could take its place, or where its name does not fit', async () => {
    const { adminSocket } = world.paths;
    const folder = dirname(adminSocket);
    await expect(world.restart(() => chown(folder, NOBODY, NOBODY))).rejects.toMatchObject({
      code: 'BIND_FAILED',
      message: expect.stringContaining(`${folder} belongs to user ${NOBODY}, not to 0`),
    });
    await chown(folder, 0, 0);
    await world.restart();
    const { path } = stack.use(await temporaryFolder());
    await expect(startWorld({}, Date.now(), join(path, 'x'.repeat(100)))).rejects.toMatchObject({
      code: 'BIND_FAILED',
      message: expect.stringContaining('shorter folder for --root'),
    });
  });
});

/** Somebody who listens where the command line looks for the manager, and keeps what it hears. */
async function listenAt({ adminSocket, dataFolder }: ManagerPaths, { answers = true } = {}) {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  await mkdir(dirname(adminSocket), { recursive: true, mode: 0o700 });
  let heard = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      if (answers) socket.end('HTTP/1.1 500 No\r\nConnection: close\r\n\r\n');
    });
  });
  server.listen(adminSocket);
  await once(server, 'listening');
  return {
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('the command line', () => {
  it.each<[string, (paths: ManagerPaths) => Promise<void>, RegExp]>([
    ['is of another user', ({ adminSocket }) => chown(adminSocket, NOBODY, NOBODY), /belongs to user 65534/],
    [
      'is in the folder of another user',
      ({ adminSocket }) => chown(dirname(adminSocket), NOBODY, NOBODY),
      /belongs to user 65534/,
    ],
    [
      'is where others can write',
      ({ adminSocket }) => chmod(dirname(adminSocket), 0o1777),
      /others can write in/,
    ],
  ])('says nothing to a socket that %s', async (_where, change, why) => {
    await using folder = await temporaryFolder();
    const paths = managerPaths(folder.path);
    await using impostor = await listenAt(paths);
    await change(paths);
    for (const ask of [
      () => commandLine(paths).call(MANAGER_ADMIN_ROUTES.status),
      () => commandLine(paths).events('/x', new AbortController().signal).next(),
    ]) {
      await expect(ask()).rejects.toMatchObject({
        code: 'MANAGER_UNTRUSTED',
        message: expect.stringMatching(why),
      });
    }
    expect(impostor.heard()).toBe('');
  });

  it('speaks to a manager that runs as the user whose data folder it is', async () => {
    await using folder = await temporaryFolder();
    const paths = managerPaths(folder.path);
    await using manager = await listenAt(paths);
    for (const path of [paths.dataFolder, paths.adminSocket, dirname(paths.adminSocket)])
      await chown(path, NOBODY, NOBODY);
    await expect(commandLine(paths).call(MANAGER_ADMIN_ROUTES.status)).rejects.toThrow();
    expect(manager.heard()).toContain('GET /api/v1/status');
  });

  it('is not held by a manager that takes the call and never answers', async () => {
    await using folder = await temporaryFolder();
    const paths = managerPaths(folder.path);
    await using manager = await listenAt(paths, { answers: false });
    const connection = localConnection({ files: systemFiles, paths, startedFor: undefined });
    const silent = createApiClient(connection, 200);
    for (const ask of [
      () => silent.call(MANAGER_ADMIN_ROUTES.status),
      () => silent.events('/x', new AbortController().signal).next(),
    ]) {
      await expect(ask()).rejects.toMatchObject({
        code: 'MANAGER_NOT_RUNNING',
        message: expect.stringContaining('no answer within 0.2 s'),
      });
    }
    expect(manager.heard()).toContain('GET /api/v1/status');
  });

  it('tells a manager that does not run from one that was never set up', async () => {
    const status = (paths: ManagerPaths) => commandLine(paths).call(MANAGER_ADMIN_ROUTES.status);
    await world.restart(async () => {
      await expect(status(world.paths)).rejects.toMatchObject({
        code: 'MANAGER_NOT_RUNNING',
        message: expect.stringMatching(/it is not there.*systemctl restart linux-patch-manager/),
      });
    });
    await using folder = await temporaryFolder();
    await expect(status(managerPaths(folder.path))).rejects.toMatchObject({
      code: 'NOT_INITIALIZED',
      message: expect.stringContaining('linux-patch-manager init'),
    });
  });
});
