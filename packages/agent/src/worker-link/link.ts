import { MINUTE_MS, PatchError, VERSION } from '@linux-patch/contract';
import { WorkerAnswer, type WorkerRequest } from '@linux-patch/worker';
import type { z } from 'zod';
import { unavailable, type WorkerTransport } from './transport.ts';
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

/** Disposing ends the workers that are at work. */
export function openWorkerLink(worker: WorkerTransport): WorkerLink {
  const lanes = {
    reading: createTurns(LANES.reading),
    lists: createTurns(LANES.lists),
    changes: createTurns(LANES.changes),
  };
  const closed = new AbortController();
  const exchange = (
    request: WorkerRequest,
    { body = '', signal, limitMs = TIMEOUT_MS }: MoreToAsk,
  ): Promise<string> =>
    worker.exchange(Buffer.concat([Buffer.from(`${JSON.stringify(request)}\n`), Buffer.from(body)]), {
      timeoutMs: limitMs,
      signal: signal ? AbortSignal.any([closed.signal, signal]) : closed.signal,
      needsNetwork: request.op === 'refresh',
    });
  return {
    ask: (request, answer, more = {}) =>
      lanes[more.lane ?? 'reading'].take(async () => {
        if (closed.signal.aborted) throw unavailable('the agent is stopping');
        if (more.signal?.aborted) throw unavailable('nobody waits for the answer any more');
        const asked = typeof request === 'function' ? request() : request;
        return readAnswer(await exchange(asked, more), answer);
      }, more.signal),
    [Symbol.dispose]: () => closed.abort(),
  };
}

/** @throws PatchError what the worker answers, or that nobody can read it */
function readAnswer<S extends z.ZodType>(text: string, answer: S): z.output<S> {
  let value: unknown;
  try {
    const read = WorkerAnswer.parse(JSON.parse(text));
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
  return unavailable(`the worker's answer is none that this agent (${VERSION}) can read`, { cause });
}

/** A request that the worker does not understand is the agent's fault, and nobody else's. */
function failureOf({ code, message, details }: Extract<WorkerAnswer, { ok: false }>['error']): PatchError {
  if (code !== 'INVALID_REQUEST') return new PatchError(code, message, { details });
  return unavailable(`the worker does not take what this agent (${VERSION}) asks: ${message}`);
}
