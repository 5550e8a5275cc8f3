import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processUsage, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { initialiseAuthority } from '../src/authority/init.ts';
import { composeManager, type Manager } from '../src/compose.ts';
import { type ManagerPaths, managerPaths } from '../src/config/paths.ts';
import { ManagerConfigSchema } from '../src/config/schema.ts';
import { webNamesOf } from '../src/config/web-names.ts';
import { type OpenDatabase, openDatabase } from '../src/database/open.ts';
import { type Answer, type Call, callHttps } from './https-call.ts';

/** A real manager on a port of its own, with a clock that the test moves. */
export interface World extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly logger: ReturnType<typeof memoryLogger>;
  readonly paths: ManagerPaths;
  readonly caPem: string;
  readonly port: number;
  readonly adminToken: string;
  readonly caFingerprint: string;
  /** A second connection to the same database, to look behind the API. */
  readonly database: OpenDatabase;
  call(call: Call): Promise<Answer>;
  /** Calls with the admin token. */
  admin(path: string, body?: object): Promise<Answer>;
  /** A path below the root, as text. */
  adminText(path: string): Promise<string>;
  /** Calls DELETE with the admin token. */
  remove(path: string): Promise<Answer>;
  /** Stops the manager and starts another one on the same files. */
  restart(): Promise<void>;
}

/** @param root where its files are; by default a folder that goes away with it */
export async function startWorld(settings: object = {}, startMs = Date.now(), root?: string): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const paths = managerPaths(root ?? stack.use(await temporaryFolder()).path);
  const clock = new ManualClock(startMs);
  const logger = memoryLogger();
  const config = ManagerConfigSchema.parse({
    server: { bind: '127.0.0.1', port: 0, url: 'https://manager.example.test:8443' },
    // Most tests ask as an older agent does: it is one request without a key.
    enrollment: { requests_per_minute: 100_000, allow_legacy_agents: true },
    // The hosts of these tests are no machines; those that are turn it on.
    fleet: { poll_minutes: 0 },
    ...settings,
  });
  const doors = { files: systemFiles, clock, random: systemRandom, processUsage };
  const { caFingerprint } = await initialiseAuthority({ ...doors, paths, webNames: webNamesOf(config) });
  const caPem = await readFile(join(paths.caFolder, 'root.pem'), 'utf8');
  const token = (await readFile(paths.adminToken, 'utf8')).trim();
  const start = (): Promise<Manager> => composeManager({ ...doors, paths, config, logger });
  let manager = await start();
  stack.defer(() => manager[Symbol.asyncDispose]());
  const database = stack.use(await openDatabase(paths.database));
  const call: World['call'] = (one) => callHttps({ port: manager.port, ca: caPem }, one);
  const owned = stack.move();
  return {
    clock,
    logger,
    paths,
    caPem,
    adminToken: token,
    caFingerprint,
    get port() {
      return manager.port;
    },
    database,
    call,
    admin: (path, body) =>
      call({
        path: `/api/v1${path}`,
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}` },
        body,
      }),
    adminText: async (path) => (await call({ path, headers: { authorization: `Bearer ${token}` } })).text,
    remove: (path) =>
      call({ path: `/api/v1${path}`, method: 'DELETE', headers: { authorization: `Bearer ${token}` } }),
    async restart() {
      await manager[Symbol.asyncDispose]();
      manager = await start();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
