import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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
  /** Sends a signal to every process of it at once; one that ends them all is waited for. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Resolves when it takes connections. */
  start(): Promise<void>;
}

/** Where and how it runs. */
export interface TestServerOptions {
  readonly tls?: TlsAccess;
  /** In which folder its own is made; by default that for temporary files. */
  readonly parent?: string;
  /** What else it is told, as in `postgresql.conf`. */
  readonly settings?: readonly string[];
}

/** Debian keeps the programs of the server out of the search path; the newest is taken. */
function findPrograms(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((one) => join(VERSIONS, one, 'bin')).find((bin) => existsSync(join(bin, 'postgres')));
}

function programs(): string {
  const found = findPrograms();
  if (found !== undefined) return found;
  ensurePrograms('Testing with PostgreSQL', [[join(VERSIONS, '*/bin/postgres'), 'postgresql']]);
  const installed = findPrograms();
  if (installed === undefined) throw new Error(`There is no server of PostgreSQL in ${VERSIONS}.`);
  return installed;
}

/** The server refuses to run as root. */
function ordinaryUser(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim());
  return { uid: id('-u'), gid: id('-g') };
}

async function untilReady(isReady: () => boolean, server: ChildProcess, said: () => string): Promise<void> {
  for (;;) {
    if (server.exitCode !== null || server.signalCode !== null)
      throw new Error(`PostgreSQL ended before it was ready:\n${said()}`);
    if (isReady()) return;
    await pause(100);
  }
}

/** Those that a process started; none when it has ended. */
function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number) : [];
}

/** Sends a signal to a process, which may have ended by itself. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as { readonly code?: string }).code !== 'ESRCH') throw error;
  }
}

/** How it can be reached beside its socket: by TLS at an address of this machine. */
export interface TlsAccess {
  readonly port: number;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Whoever reaches it is its administrator, but for the user `by_password`. */
const HBA = `local all by_password scram-sha-256
local all all trust
hostssl all all 127.0.0.1/32 trust
`;

/** Settings for it, with the files that they name; only its owner may read the key. */
function tlsSettings(data: string, user: ReturnType<typeof ordinaryUser>, tls: TlsAccess): string[] {
  for (const [name, text] of [
    ['server.crt', tls.certificatePem],
    ['server.key', tls.keyPem],
  ] as const) {
    writeFileSync(join(data, name), text, { mode: 0o600 });
    if (user.uid !== undefined && user.gid !== undefined) chownSync(join(data, name), user.uid, user.gid);
  }
  return ['listen_addresses=127.0.0.1', `port=${tls.port}`, 'ssl=on'];
}

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
export async function startPostgres(options: TestServerOptions = {}): Promise<TestServer> {
  const { tls, parent = tmpdir() } = options;
  const bin = programs();
  const user = ordinaryUser();
  const folder = mkdtempSync(join(parent, 'linux-patch-postgresql-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const data = makeCluster(bin, user, folder);
  const settings = [
    ...(tls ? tlsSettings(data, user, tls) : ['listen_addresses=']),
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'max_connections=200',
    ...(options.settings ?? []),
  ];
  const args = ['-D', data, ...settings.flatMap((one) => ['-c', one])];
  let running: { readonly server: ChildProcess; readonly ended: Promise<unknown> } | undefined;
  const signal: TestServer['signal'] = async (name) => {
    const pid = running?.server.pid;
    if (pid === undefined) return;
    // The parent first: it makes no more of them.
    send(pid, name === 'SIGCONT' ? 'SIGCONT' : 'SIGSTOP');
    for (const one of [...childrenOf(pid), pid]) send(one, name);
    if (name !== 'SIGKILL') return;
    await running?.ended;
    running = undefined;
  };
  const stop = async (): Promise<void> => {
    await signal('SIGCONT');
    // Immediate shutdown: its clients are cut off, and it recovers at the next start.
    running?.server.kill('SIGQUIT');
    await running?.ended;
    running = undefined;
  };
  stack.defer(stop);
  const place = ['-h', folder, ...(tls ? ['-p', String(tls.port)] : [])];
  const isReady = (): boolean => spawnSync(join(bin, 'pg_isready'), ['-q', ...place]).status === 0;
  const start = async (): Promise<void> => {
    const server = spawn(join(bin, 'postgres'), args, {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running = { server, ended: once(server, 'exit') };
    let said = '';
    server.stderr?.on('data', (bytes: Buffer) => (said = `${said}${bytes.toString()}`.slice(-20_000)));
    await untilReady(isReady, server, () => said);
  };
  await start();
  const owned = stack.move();
  return { socket: folder, stop, signal, start, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
