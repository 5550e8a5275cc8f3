import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { PatchError } from '@linux-patch/contract';
import {
  COMMAND_ENVIRONMENT,
  type Command,
  type CommandResult,
  type Commands,
  type OutputSource,
} from '../commands.ts';
import { isRootActing } from './act-as.ts';
import { systemClock } from './clock.ts';

/** Time between SIGTERM and SIGKILL; long enough for apt to roll back a download, short enough to stop a hang. */
const KILL_DELAY_MS = 5_000;
const DEFAULT_MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** Programs by name, each with the path and first arguments by which it is started. */
type OwnPrograms = Readonly<Record<string, readonly string[]>>;

class OutputTail {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    while (this.#sizeBytes > this.#maxBytes && this.#chunks.length > 1) {
      this.#sizeBytes -= this.#chunks.shift()?.length ?? 0;
    }
  }

  text(): string {
    const all = Buffer.concat(this.#chunks);
    return all.subarray(Math.max(0, all.length - this.#maxBytes)).toString('utf8');
  }
}

/** Signals the whole process group, because package managers leave their work to children. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It is gone, or belongs to somebody whom this process may not signal; then its end is waited for.
  }
}

function collect(
  stream: Readable | null | undefined,
  source: OutputSource,
  tail: OutputTail,
  onLine: ((line: string, source: OutputSource) => void) | undefined,
): void {
  if (!stream) return;
  stream.on('error', () => {});
  stream.on('data', (chunk: Buffer) => tail.add(chunk));
  if (onLine)
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => onLine(line, source));
}

/** A program is no part of the work for which root acts as somebody else. */
const ROOT = { uid: 0, gid: 0 };

/** What is the same for all commands. */
interface Base {
  readonly env: Readonly<Record<string, string>>;
  readonly own: OwnPrograms;
}

function start(command: Command, { env: baseEnv, own }: Base, descriptor: number | undefined): ChildProcess {
  const third: number | 'pipe' | undefined = descriptor ?? (command.statusPipe ? 'pipe' : undefined);
  const [program = command.program, ...first] = own[command.program] ?? [];
  return spawn(program, [...first, ...command.args], {
    shell: false,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', ...(third === undefined ? [] : [third])],
    env: { ...COMMAND_ENVIRONMENT, ...baseEnv, ...command.env },
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    ...(isRootActing() ? ROOT : {}),
  });
}

/**
 * Runs programs without a shell, in a process group of their own.
 *
 * @param env added to the minimal environment of every command (a private package root needs it)
 * @param own programs of this product, which no system folder has
 */
export function nodeCommands(env: Readonly<Record<string, string>> = {}, own: OwnPrograms = {}): Commands {
  return { run: (command) => runCommand(command, { env, own }) };
}

/** Runs a program that has an open file of this process as its descriptor 3. */
export function runWithDescriptor(command: Command, descriptor: number): Promise<CommandResult> {
  return runCommand(command, { env: {}, own: {} }, descriptor);
}

function notStarted({ program }: Command, cause: NodeJS.ErrnoException): PatchError {
  const why = cause.code ?? cause.message;
  return new PatchError('COMMAND_NOT_FOUND', `${program} could not be started (${why})`, {
    cause,
    details: { program },
  });
}

async function runCommand(command: Command, base: Base, descriptor?: number): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const startedMs = systemClock.monotonicMs();
  const maxBytes = command.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  const stdout = new OutputTail(maxBytes);
  const stderr = new OutputTail(maxBytes);
  let timedOut = false;
  let aborted = false;
  let killTimer: NodeJS.Timeout | undefined;
  let failure: unknown;
  let child: ChildProcess;
  try {
    child = start(command, base, descriptor);
  } catch (error) {
    throw notStarted(command, error as NodeJS.ErrnoException);
  }
  // At once: a child that could not be started tells so before anything else, and without streams (EMFILE).
  child.once('error', (error: NodeJS.ErrnoException) => {
    settle();
    reject(notStarted(command, error));
  });
  const stop = (): void => {
    signalGroup(child, 'SIGTERM');
    killTimer ??= setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_DELAY_MS);
  };
  const onAbort = (): void => {
    aborted = true;
    stop();
  };
  /** What a reader of the lines throws ends the program, and is what the caller gets. */
  const onLine =
    command.onLine &&
    ((line: string, source: OutputSource): void => {
      try {
        command.onLine?.(line, source);
      } catch (error) {
        failure ??= error;
        stop();
      }
    });
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, command.timeoutMs);
  const settle = (): void => {
    clearTimeout(timer);
    clearTimeout(killTimer);
    command.signal?.removeEventListener('abort', onAbort);
  };
  if (command.signal?.aborted) onAbort();
  else command.signal?.addEventListener('abort', onAbort, { once: true });
  collect(child.stdout, 'stdout', stdout, onLine);
  collect(child.stderr, 'stderr', stderr, onLine);
  // Absent when the child could not be started, whatever the types say.
  const streams: ChildProcess['stdio'] | undefined = child.stdio;
  collect(streams?.[3] as Readable | undefined, 'fd3', new OutputTail(0), onLine);
  // A program that exits without reading its input makes this pipe fail; its exit code tells the story.
  child.stdin?.on('error', () => {});
  child.stdin?.end(command.stdin);
  child.once('close', (exitCode, signal) => {
    settle();
    if (failure !== undefined) reject(failure);
    const durationMs = systemClock.monotonicMs() - startedMs;
    resolve({
      exitCode,
      signal,
      stdout: stdout.text(),
      stderr: stderr.text(),
      timedOut,
      aborted,
      durationMs,
    });
  });
  return promise;
}
