import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spkiFingerprint } from '@linux-patch/pki';
import { processUsage, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { initialiseAuthority } from '../src/authority/init.ts';
import { composeManager, type Manager } from '../src/compose.ts';
import { type ManagerPaths, managerPaths } from '../src/config/paths.ts';
import { ManagerConfigSchema } from '../src/config/schema.ts';
import { webNamesOf } from '../src/config/web-names.ts';
import type { OpenDatabase } from '../src/database/open.ts';
import { type Answer, type Call, callHttps, callSocket } from './https-call.ts';
import { managerThreads } from './manager-threads.ts';
import { fileDatabase, ownDatabase, type TestDatabase, testDatabase } from './test-database.ts';

/** A real manager on a port of its own, with a clock that the test moves. */
export interface World extends AsyncDisposable {
  readonly clock: Omit<ManualClock, 'advance' | 'leap'>;
  readonly logger: ReturnType<typeof memoryLogger>;
  readonly paths: ManagerPaths;
  readonly caPem: string;
  readonly port: number;
  readonly caFingerprint: string;
  /** A second connection to the same database, to look behind the API. */
  readonly database: OpenDatabase;
  /** Everything that the database keeps, as it is stored. */
  storedBytes(): Promise<Buffer>;
  call(call: Call): Promise<Answer>;
  /** Calls as the command line does, for somebody called "test". */
  local(call: Omit<Call, 'localAddress'>): Promise<Answer>;
  /** The same for a path below the API: GET, or POST with a body. */
  admin(path: string, body?: object): Promise<Answer>;
  /** A path below the root, as text. */
  adminText(path: string): Promise<string>;
  /** Calls DELETE for a path below the API. */
  remove(path: string): Promise<Answer>;
  /** Waits until every loop of the manager sleeps. */
  atRest(): Promise<void>;
  /** Moves the clock at once when every loop of the manager sleeps, so that each sees it move; none runs more than once. */
  advance(ms: number): Promise<void>;
  /** Stops the manager, does something with its files, and starts another one on them. */
  restart(meanwhile?: () => Promise<unknown>): Promise<void>;
}

/** Settings of a world whose test is about the file of SQLite, whatever the others run on. */
export const ON_SQLITE = { database: {} };

/** How records name who calls through `World.local`. */
export const TESTER = 'local (says: test)';

/** What of a manager sleeps by the clock when there is nothing to do: the hourly work, following jobs, asking again, asking in turn, hints. */
const LOOPS = 5;

/** The database that the settings of a world name, and else one of the kind that the tests run on. */
function placeOf(
  settings: { readonly database?: { readonly url?: string } },
  paths: ManagerPaths,
): Promise<TestDatabase> | TestDatabase {
  if (!settings.database) return testDatabase(paths);
  const { url } = settings.database;
  return url === undefined ? fileDatabase(paths) : ownDatabase(url);
}

/** @param root where its files are; by default a folder that goes away with it */
export async function startWorld(settings: object = {}, startMs = Date.now(), root?: string): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const paths = managerPaths(root ?? stack.use(await temporaryFolder({ inMemory: true })).path);
  const clock = new ManualClock(startMs);
  const logger = memoryLogger();
  const place = await placeOf(settings, paths);
  if (root === undefined) stack.defer(() => place.drop());
  const config = ManagerConfigSchema.parse({
    ...place.settings,
    server: { bind: '127.0.0.1', port: 0, url: 'https://manager.example.test:8443' },
    // Most tests ask as an older agent does: it is one request without a key.
    enrollment: { requests_per_minute: 100_000, allow_legacy_agents: true },
    ...settings,
    // The hosts of these tests are no machines; those that are turn it on.
    fleet: { poll_minutes: 0, inventory_minutes: 0, ...(settings as { readonly fleet?: object }).fleet },
  });
  const { poll_minutes, inventory_minutes } = config.fleet;
  // Where hosts are listed, they are in turn, and those that say something else than is on record.
  const loops = LOOPS + Number(poll_minutes > 0) + 2 * Number(inventory_minutes > 0);
  const doors = { files: systemFiles, clock, random: systemRandom, processUsage, threads: managerThreads };
  // A folder that is given may have been a manager's already.
  if (!existsSync(paths.caFolder))
    await initialiseAuthority({ ...doors, paths, webNames: webNamesOf(config) });
  await place.prepare();
  const caPem = await readFile(join(paths.caFolder, 'root.pem'), 'utf8');
  const caFingerprint = spkiFingerprint(caPem);
  const start = (): Promise<Manager> => composeManager({ ...doors, paths, config, logger });
  let manager = await start();
  stack.defer(() => manager[Symbol.asyncDispose]());
  const database = stack.use(await place.open());
  const call: World['call'] = (one) => callHttps({ port: manager.port, ca: caPem }, one);
  const local: World['local'] = (one) =>
    callSocket(paths.adminSocket, { ...one, headers: { 'linux-patch-says': 'test', ...one.headers } });
  const owned = stack.move();
  const atRest = (): Promise<void> => clock.waitForSleepers(loops);
  return {
    clock,
    logger,
    paths,
    caPem,
    caFingerprint,
    get port() {
      return manager.port;
    },
    database,
    storedBytes: () => place.bytes(database.db),
    call,
    local,
    admin: (path, body) =>
      local({ path: `/api/v1${path}`, method: body === undefined ? 'GET' : 'POST', body }),
    adminText: async (path) => (await local({ path })).text,
    remove: (path) => local({ path: `/api/v1${path}`, method: 'DELETE' }),
    atRest,
    async advance(ms) {
      await atRest();
      await clock.leap(ms);
    },
    async restart(meanwhile = async () => {}) {
      await manager[Symbol.asyncDispose]();
      await meanwhile();
      manager = await start();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
