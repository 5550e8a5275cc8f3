import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ensurePrograms } from '../system-packages.ts';

const VERSIONS = '/usr/lib/postgresql';

/** A server of its own, on a Unix socket in a temporary folder that goes away with it. */
export interface TestServer extends AsyncDisposable {
  /** Folder of the socket. */
  readonly socket: string;
  /** Ends it at once, as a crash does; what was committed is there again after `start`. */
  stop(): Promise<void>;
  /** Resolves when it takes connections. */
  start(): Promise<void>;
}

/** Debian keeps the programs of the server out of the search path; the newest is taken. */
function programs(): string {
  ensurePrograms('Testing with PostgreSQL', [
    ['psql', 'postgresql-client'],
    ['/usr/share/postgresql-common/pg_wrapper', 'postgresql'],
  ]);
  let versions: string[] = [];
  try {
    versions = readdirSync(VERSIONS).sort((a, b) => Number(a) - Number(b));
  } catch {
    // Said below.
  }
  const newest = versions.at(-1);
  if (newest === undefined)
    throw new Error(`There is no PostgreSQL in ${VERSIONS}: run 'apt-get install postgresql' as root.`);
  return join(VERSIONS, newest, 'bin');
}

/** The server refuses to run as root. */
function ordinaryUser(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim());
  return { uid: id('-u'), gid: id('-g') };
}

async function untilReady(
  bin: string,
  socket: string,
  server: ChildProcess,
  said: () => string,
): Promise<void> {
  for (;;) {
    if (server.exitCode !== null || server.signalCode !== null)
      throw new Error(`PostgreSQL ended before it was ready:\n${said()}`);
    if (spawnSync(join(bin, 'pg_isready'), ['-q', '-h', socket]).status === 0) return;
    await pause(100);
  }
}

/** Whoever reaches the socket is its administrator, but for the user `by_password`. */
const HBA = 'local all by_password scram-sha-256\nlocal all all trust\n';

function makeCluster(bin: string, user: ReturnType<typeof ordinaryUser>, folder: string): string {
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (user.uid !== undefined && user.gid !== undefined) {
    for (const path of [folder, data]) chownSync(path, user.uid, user.gid);
  }
  const options = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  const made = spawnSync(join(bin, 'initdb'), ['-D', data, ...options], {
    ...user,
    cwd: folder,
    encoding: 'utf8',
  });
  if (made.status !== 0)
    throw new Error(`initdb ended with ${made.status ?? made.signal}:\n${made.stdout}${made.stderr}`);
  writeFileSync(join(data, 'pg_hba.conf'), HBA);
  return data;
}

/**
 * Starts a server of PostgreSQL for tests, which a power cut would damage. Installs it when it is missing and this is root.
 * @throws Error with its own words when it does not start
 */
export async function startPostgres(): Promise<TestServer> {
  const bin = programs();
  const user = ordinaryUser();
  const folder = mkdtempSync(join(tmpdir(), 'linux-patch-postgresql-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const data = makeCluster(bin, user, folder);
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'max_connections=200',
  ];
  const args = ['-D', data, ...settings.flatMap((one) => ['-c', one])];
  let running: { readonly server: ChildProcess; readonly ended: Promise<unknown> } | undefined;
  const stop = async (): Promise<void> => {
    // Immediate shutdown: its clients are cut off, and it recovers at the next start.
    running?.server.kill('SIGQUIT');
    await running?.ended;
    running = undefined;
  };
  stack.defer(stop);
  const start = async (): Promise<void> => {
    const server = spawn(join(bin, 'postgres'), args, {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running = { server, ended: once(server, 'exit') };
    let said = '';
    server.stderr?.on('data', (bytes: Buffer) => (said = `${said}${bytes.toString()}`.slice(-20_000)));
    await untilReady(bin, folder, server, () => said);
  };
  await start();
  const owned = stack.move();
  return { socket: folder, stop, start, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
