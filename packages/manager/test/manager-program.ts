import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ownProgram, temporaryFolder } from '@linux-patch/runtime/testing';
import { managerPaths } from '../src/config/paths.ts';
import { type Call, callHttps, callSocket } from './https-call.ts';
import { testDatabase } from './test-database.ts';

const PROGRAM = ownProgram('linux-patch-manager');

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves with the port that the server says it listens on. */
function portOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    const match = /Listening on 127\.0\.0\.1:(\d+)/.exec(said);
    if (match) resolve(Number(match[1]));
  });
  child.once('exit', (code) => reject(new Error(`the manager ended with ${code}: ${said}`)));
  return promise;
}

/**
 * The manager as a process of its own, on the database that the tests run on.
 * @param program what starts it: by default that of this checkout
 */
export async function startManagerProgram(
  settings: object = {},
  [program, ...before]: readonly [program: string, ...args: string[]] = [PROGRAM],
) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const paths = managerPaths(folder.path);
  const place = await testDatabase(paths);
  stack.defer(() => place.drop());
  await mkdir(dirname(paths.configFile), { recursive: true });
  const server = { bind: '127.0.0.1', port: 0, url: 'https://manager.example.test:8443' };
  // Most hosts of these tests are no machines: nobody looks for them.
  const fleet = { poll_minutes: 0, inventory_minutes: 0 };
  // JSON is YAML.
  await writeFile(paths.configFile, JSON.stringify({ ...place.settings, server, fleet, ...settings }));
  const run = (...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      execFile(program, [...before, '--root', folder.path, ...args], (error, stdout, stderr) => {
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    });
  const made = await run('init');
  if (made.exitCode !== 0) throw new Error(made.stderr);
  const ca = await readFile(join(paths.caFolder, 'root.pem'), 'utf8');
  const start = async () => {
    const child = spawn(program, [...before, '--root', folder.path, 'serve'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exited = once(child, 'exit');
    return { child, exited, port: await portOf(child) };
  };
  let now = await start();
  stack.defer(async () => {
    now.child.kill('SIGKILL');
    await now.exited;
  });
  const local = (call: Call) =>
    callSocket(paths.adminSocket, {
      ...call,
      path: `/api/v1${call.path}`,
      headers: { 'linux-patch-says': 'test' },
    });
  const owned = stack.move();
  return {
    folder: folder.path,
    paths,
    run,
    clock: Date,
    call: (call: Call) => callHttps({ port: now.port, ca }, call),
    admin: (path: string, body?: object) =>
      local({ path, method: body === undefined ? 'GET' : 'POST', body }),
    put: (path: string, body: object) => local({ path, method: 'PUT', body }),
    /** A second way into its database. */
    openBeside: () => place.open(),
    /** Ends it as a power cut does, or in order; it has ended when the promise resolves. */
    kill: (signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<unknown> => {
      now.child.kill(signal);
      return now.exited;
    },
    /** Starts it again. */
    async start() {
      now = await start();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
