import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@linux-patch/runtime/testing';
import { askManager } from './ask-manager.ts';
import { MANAGER_PROGRAM } from './checkout.ts';
import { type RunningProgram, runProgram, startProgram } from './process.ts';
import { waitFor } from './wait.ts';

/** A real manager in a folder of its own, driven through its command line. */
export interface ManagerProcess extends AsyncDisposable {
  readonly root: string;
  readonly url: string;
  readonly caFingerprint: string;
  /** What makes the first person, as `init` printed it; undefined where the manager was there before. */
  readonly setupLink: string | undefined;
  /** The server that runs now. */
  readonly program: RunningProgram;
  /** Ends the server: killed, as a power cut would. */
  kill(): Promise<void>;
  /** Starts the server again after it ended; by default in the environment that it had before. */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Runs a command and returns its JSON; a failing command throws with its own words. */
  json(...args: string[]): Promise<unknown>;
  /** What the API has below `/api/v1` at this path; for waiting, where a command would be a program for each look. */
  ask(path: string): Promise<unknown>;
  /** Runs a command and hands its output lines on as they come; returns the exit code. */
  show(onLine: (line: string) => void, ...args: string[]): Promise<number | null>;
}

/** How a manager's program is started. */
interface Launch {
  readonly program: string;
  readonly before: readonly string[];
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
}

function argumentsOf(launch: Launch, args: readonly string[]): string[] {
  return [...launch.before, '--root', launch.root, ...args];
}

async function cli(launch: Launch, args: readonly string[]): Promise<string> {
  const result = await runProgram(launch.program, argumentsOf(launch, args), { env: launch.env });
  if (result.exitCode !== 0) {
    throw new Error(
      `linux-patch-manager ${args.join(' ')} ended with ${result.exitCode}: ${result.stderr || result.stdout}`,
    );
  }
  return result.stdout;
}

/** Starts the server and waits until it listens. */
async function serve(launch: Launch): Promise<RunningProgram> {
  const listening = Promise.withResolvers<void>();
  const server = startProgram({
    program: launch.program,
    args: argumentsOf(launch, ['serve']),
    env: launch.env,
    logFile: join(launch.root, 'manager.log'),
    onLine: (line) => {
      if (line.includes('Listening on')) listening.resolve();
    },
  });
  void server.exited.then(async (code) => {
    const said = await readFile(server.logFile, 'utf8').catch(() => '');
    listening.reject(new Error(`the manager ended with ${code}: ${said.slice(-2_000)}`));
  });
  await waitFor('the manager to listen', listening.promise);
  return server;
}

/** Where a manager runs; by default on a free loopback port of this machine. */
export interface ManagerPlace {
  readonly address?: string;
  readonly port?: number;
  /** Name of that address, by which it is called; by default the address itself. */
  readonly name?: string;
  /** Network namespace; by default this program's own. */
  readonly namespace?: string;
  /** How the program is started; by default from this checkout. */
  readonly command?: readonly string[];
  /**
   * What of its own machine the manager certifies hosts for; by default loopback addresses when it is on one itself,
   * because then its hosts are, too.
   */
  readonly localHosts?: readonly string[];
  /** More lines of its configuration. */
  readonly configuration?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the manager under `root`, with a new CA, certificates and database unless they are there. */
export async function startManagerProcess(root: string, place: ManagerPlace = {}): Promise<ManagerProcess> {
  const address = place.address ?? '127.0.0.1';
  const port = place.port ?? (await freePort());
  const url = `https://${place.name ?? address}:${port}`;
  const { localHosts = address.startsWith('127.') ? ['127.0.0.0/8'] : [] } = place;
  await mkdir(join(root, 'etc/linux_patch_manager'), { recursive: true });
  await writeFile(
    join(root, 'etc/linux_patch_manager/config.yaml'),
    [
      `server:\n  bind: ${address}\n  port: ${port}\n  url: ${url}\n  names: [localhost, ${address}]`,
      ...(localHosts.length > 0 ? [`certificates:\n  local_hosts: [${localHosts.join(', ')}]`] : []),
      ...(place.configuration ?? []),
      '',
    ].join('\n'),
  );
  const { env = {}, command = [MANAGER_PROGRAM] } = place;
  const [program = MANAGER_PROGRAM, ...before] = place.namespace
    ? ['ip', 'netns', 'exec', place.namespace, ...command]
    : command;
  const launch: Launch = { program, before, root, env };
  const isNew = !existsSync(join(root, 'var/lib/linux_patch_manager/ca'));
  const made = isNew ? await cli(launch, ['init', '--json']) : '{}';
  const { setup_link: setupLink } = JSON.parse(made) as { readonly setup_link?: string };
  let server = await serve(launch);
  const commands = new AsyncDisposableStack();
  const { ca_fingerprint } = (await askManager(root, '/status')) as { readonly ca_fingerprint: string };
  return {
    root,
    url,
    caFingerprint: ca_fingerprint,
    setupLink,
    get program() {
      return server;
    },
    async kill() {
      server.signal('SIGKILL');
      await server.exited;
    },
    async start(again = env) {
      server = await serve({ ...launch, env: again });
    },
    json: async (...args) => JSON.parse(await cli(launch, [...args, '--json'])) as unknown,
    ask: (path) => askManager(root, path),
    async show(onLine, ...args) {
      const running = startProgram({
        program,
        args: argumentsOf(launch, args),
        env,
        logFile: join(root, 'commands.log'),
        onLine,
      });
      // One that waits for something would outlive the manager.
      return commands.use(running).exited;
    },
    async [Symbol.asyncDispose]() {
      await commands.disposeAsync();
      await server[Symbol.asyncDispose]();
    },
  };
}
