import { MINUTE_MS, messageOf, PatchError, VERSION } from '@linux-patch/contract';
import { type CommandResult, type Commands, printableLine } from '@linux-patch/runtime';
import { WorkerAnswer, type WorkerRequest } from '@linux-patch/worker';
import type { z } from 'zod';
import { WORKER_PROGRAM } from './program.ts';
import { createTurns } from './turns.ts';

/**
 * Each is a process with package manager programs of its own. What hangs holds up nobody in another lane: `lists` is what
 * asks servers, for which an hour is nothing unusual.
 */
const LANES = {
  reading: { atOnce: 2, waiting: 16 },
  lists: { atOnce: 2, waiting: 4 },
  changes: { atOnce: 2, waiting: 16 },
};
type Lane = keyof typeof LANES;
/** A package manager on a slow disk may take a minute; what takes longer is given up. */
const TIMEOUT_MS = 5 * MINUTE_MS;
/** Some 50,000 packages. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_WORDS = 300;

/** The way to the worker, which knows the packages. One process answers one request. */
export interface WorkerLink extends Disposable {
  /**
   * @param request what is asked; a function is called when its turn has come
   * @throws PatchError what the worker answers; `WORKER_UNAVAILABLE` when it gives no answer that can be read, or too many ask
   */
  ask<S extends z.ZodType>(
    request: WorkerRequest | (() => WorkerRequest),
    answer: S,
    more?: MoreToAsk,
  ): Promise<z.output<S>>;
}

/** What comes with a request. */
export interface MoreToAsk {
  /** As long as the request says. */
  readonly body?: string | Uint8Array;
  /** Aborts when nobody waits for the answer any more; the worker is ended then. */
  readonly signal?: AbortSignal;
  /** With whom it shares its turns; `reading` unless it is said. */
  readonly lane?: Lane;
  /** After so long the worker is ended; five minutes unless it is said. */
  readonly limitMs?: number;
}

/** A worker that is started as a child for each request. Disposing ends those that run. */
export function openWorkerLink(options: {
  readonly commands: Commands;
  /** What the worker is told of the host. */
  readonly hostArguments: readonly string[];
}): WorkerLink {
  const { commands, hostArguments } = options;
  const lanes = {
    reading: createTurns(LANES.reading),
    lists: createTurns(LANES.lists),
    changes: createTurns(LANES.changes),
  };
  const closed = new AbortController();
  const run = (
    request: WorkerRequest,
    { body = '', signal, limitMs = TIMEOUT_MS }: MoreToAsk,
  ): Promise<CommandResult> =>
    commands.run({
      program: WORKER_PROGRAM,
      args: ['request', ...hostArguments],
      stdin: Buffer.concat([Buffer.from(`${JSON.stringify(request)}\n`), Buffer.from(body)]),
      timeoutMs: limitMs,
      maxOutputBytes: MOST_BYTES,
      signal: signal ? AbortSignal.any([closed.signal, signal]) : closed.signal,
    });
  return {
    ask: (request, answer, more = {}) =>
      lanes[more.lane ?? 'reading'].take(async () => {
        if (closed.signal.aborted) throw unavailable('the agent is stopping');
        if (more.signal?.aborted) throw unavailable('nobody waits for the answer any more');
        const asked = typeof request === 'function' ? request() : request;
        return readAnswer(await run(asked, more).catch(notStarted), answer);
      }, more.signal),
    [Symbol.dispose]: () => closed.abort(),
  };
}

function unavailable(what: string, cause?: unknown): PatchError {
  return new PatchError(
    'WORKER_UNAVAILABLE',
    `The worker of this host gave no answer, because ${what}. Ask again; if that does not help, look into the log of this host.`,
    { cause },
  );
}

function notStarted(cause: unknown): never {
  throw unavailable(`the worker could not be started (${messageOf(cause)})`, cause);
}

/** How a worker ended that did not answer. */
function endOf({ timedOut, aborted, durationMs, signal, exitCode, stderr }: CommandResult): string {
  if (aborted) return 'the agent is stopping, or nobody waits for the answer any more';
  if (timedOut)
    return `the worker was not done after ${Math.floor(durationMs / MINUTE_MS)} minutes and was ended`;
  if (signal === 'SIGKILL') return 'the worker was killed, as the kernel does when there is no memory left';
  if (signal !== null) return `the worker was ended by ${signal}`;
  const lines = stderr.trim().split('\n');
  // Node prints where in its own code it was before it says what was wrong.
  const telling = lines.find((line) => /error|fault/i.test(line)) ?? lines[0] ?? '';
  const words = printableLine(telling).slice(0, MOST_WORDS);
  return `the worker ended with ${exitCode} and no answer${words === '' ? '' : ` (${words})`}`;
}

/** @throws PatchError what the worker answers, or that it did not */
function readAnswer<S extends z.ZodType>(result: CommandResult, answer: S): z.output<S> {
  const { stdout } = result;
  if (result.aborted || result.timedOut || !stdout.endsWith('\n')) throw unavailable(endOf(result));
  let value: unknown;
  try {
    const read = WorkerAnswer.parse(JSON.parse(stdout));
    if (!read.ok) throw failureOf(read.error);
    value = read.value;
  } catch (error) {
    if (error instanceof PatchError) throw error;
    throw unreadable(error);
  }
  const { data, error } = answer.safeParse(value);
  if (error) throw unreadable(error);
  return data;
}

function unreadable(cause: unknown): PatchError {
  return unavailable(`the worker's answer is none that this agent (${VERSION}) can read`, cause);
}

/** A request that the worker does not understand is the agent's fault, and nobody else's. */
function failureOf({ code, message, details }: Extract<WorkerAnswer, { ok: false }>['error']): PatchError {
  if (code !== 'INVALID_REQUEST') return new PatchError(code, message, { details });
  return unavailable(`the worker does not take what this agent (${VERSION}) asks: ${message}`);
}
