import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, VERSION } from '@linux-patch/contract';
import type { Clock, Commands, Files, Logger, RequestChannel } from '@linux-patch/runtime';
import { BACKENDS, type Backend } from './packages/backends.ts';
import { packageEnvironment } from './packages/environment.ts';
import { openPackageManager } from './packages/open.ts';
import { openHostPolicy } from './policy/host-policy.ts';
import { serveRequest } from './requests/serve-request.ts';

/** What the worker's program uses of the outside world; `main.ts` picks the real ones. */
export interface WorkerDoors {
  readonly clock: Clock;
  readonly files: Files;
  readonly logger: Logger;
  /** Commands with this added to their environment. */
  readonly createCommands: (environment: Readonly<Record<string, string>>) => Commands;
  /** Opens the connection over which the request comes. @throws when there is none */
  readonly openChannel: () => RequestChannel;
  /** Aborts when the process is told to end. */
  readonly signal: AbortSignal;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

const USAGE = `linux-patch-worker: the part of the Linux Patch agent that works with packages. The agent starts it for each request.

usage: linux-patch-worker request [--root DIR] [--backend auto|${BACKENDS.join('|')}]
       linux-patch-worker --help | --version

The request comes as one line of JSON over the socket that the service manager hands over, else on standard input,
and as many bytes after it as its member "bytes" says; the answer is one line, too.
`;

/** Below the root. */
const POLICY_FILE = 'etc/linux_patch_api/policy.yaml';

interface Wish {
  readonly root: string;
  readonly backend: 'auto' | Backend;
  /** To be printed instead of all else. */
  readonly print?: string;
}

/** @throws Error that says what is wrong with the command line */
function parseWish(args: readonly string[]): Wish {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      root: { type: 'string', default: '/' },
      backend: { type: 'string', default: 'auto' },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const nothing = { root: '/', backend: 'auto' } as const;
  if (values.help) return { ...nothing, print: USAGE };
  if (values.version) return { ...nothing, print: `${VERSION}\n` };
  if (positionals.join() !== 'request') throw new Error('it is asked for nothing that it knows');
  const backend = (['auto', ...BACKENDS] as const).find((one) => one === values.backend);
  if (!backend) throw new Error(`--backend ${values.backend} is none of auto, ${BACKENDS.join(', ')}`);
  return { root: resolve(values.root), backend };
}

/** Commands that end when the signal aborts, whatever else ends them. */
function endingWith(signal: AbortSignal, commands: Commands): Commands {
  return {
    run: (command) =>
      commands.run({
        ...command,
        signal: command.signal ? AbortSignal.any([command.signal, signal]) : signal,
      }),
  };
}

/** One request, one life. Returns the exit code: 0 also for a request that was refused, because it was answered. */
export async function runWorker(args: readonly string[], doors: WorkerDoors): Promise<number> {
  const { clock, files, logger } = doors;
  let wish: Wish;
  let channel: RequestChannel;
  try {
    wish = parseWish(args);
    if (wish.print !== undefined) {
      doors.stdout(wish.print);
      return 0;
    }
    channel = doors.openChannel();
  } catch (error) {
    doors.stderr(`linux-patch-worker cannot work: ${messageOf(error)}\n\n${USAGE}`);
    return 1;
  }
  const { root, backend: configured } = wish;
  const commands = endingWith(doors.signal, doors.createCommands(packageEnvironment(root)));
  const path = join(root, POLICY_FILE);
  const openPackages = (clockFault?: string) => {
    const policy = openHostPolicy({ files, path, root, clockFault: () => clockFault });
    return openPackageManager({ commands, files, clock, root, configured, policy });
  };
  await serveRequest({ channel, files, clock, logger, openPackages, signal: doors.signal });
  return 0;
}
