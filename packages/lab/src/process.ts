import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** How long a program may take to stop when asked; the programs promise two seconds. */
const STOP_LIMIT_MS = 8_000;

/** A program of ours that runs until disposed, its output in a log file. */
export interface RunningProgram extends AsyncDisposable {
  readonly pid: number;
  readonly logFile: string;
  /** Resolves with the exit code, or null after a signal. */
  readonly exited: Promise<number | null>;
  /** Sends a signal to exactly this process. */
  signal(signal: NodeJS.Signals): void;
}

/** What a service manager tells the processes that it starts. Nobody of the lab is started by one, whoever started the lab. */
const OF_A_SERVICE = { NOTIFY_SOCKET: undefined, INVOCATION_ID: undefined, RC_SVCNAME: undefined };

/** Starts a program; lines also go to `onLine` when given. */
export function startProgram(options: {
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}): RunningProgram {
  const child: ChildProcess = spawn(options.program, [...options.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...OF_A_SERVICE, ...options.env },
  });
  const log = createWriteStream(options.logFile, { flags: 'a' });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log.write(chunk);
      for (const line of chunk.toString().split('\n')) if (line) options.onLine?.(line);
    });
  }
  const exited = once(child, 'close').then(([code]) => {
    log.end();
    return code as number | null;
  });
  return {
    pid: child.pid ?? -1,
    logFile: options.logFile,
    exited,
    signal: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const late = Symbol('late');
      const limit = new AbortController();
      const first = await Promise.race([
        exited,
        wait(STOP_LIMIT_MS, late, { signal: limit.signal }).catch(() => late),
      ]);
      limit.abort();
      if (first === late) {
        child.kill('SIGKILL');
        await exited;
      }
    },
  };
}

/** What a finished program said. */
export interface ProgramResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws with the program's words unless it ended well. */
export function must(result: ProgramResult, what: string): ProgramResult {
  if (result.exitCode === 0) return result;
  throw new Error(`${what} ended with ${result.exitCode}: ${result.stderr || result.stdout}`);
}

/** Runs a program to its end. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string;
    readonly cwd?: string;
  } = {},
): Promise<ProgramResult> {
  const child = spawn(program, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...OF_A_SERVICE, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout, stderr };
}
