import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

/** Only for what neither comes nor ends; a busy machine needs its time. */
const PATIENCE_MS = 180_000;
const INTERVAL_MS = 50;
const LONGEST_REST_MS = 3_000;

/** How long to wait before asking again: an answer that costs the start of programs is not asked for more than a third of the time. */
export function restAfter(tookMs: number, shortestMs: number): number {
  return Math.max(shortestMs, Math.min(LONGEST_REST_MS, 2 * tookMs));
}

/** Waits for a promise, but not for ever; `what` names it in the error. */
export async function waitFor<T>(what: string, promise: Promise<T>): Promise<T> {
  const limit = new AbortController();
  const tooLate = pause(PATIENCE_MS, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`gave up waiting for ${what} after ${PATIENCE_MS / 1000} s`);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    limit.abort();
    tooLate.catch(() => {});
  }
}

/** Asks again and again until the answer is not undefined. For processes that offer no event to wait for. */
export async function askUntil<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (let askedMs = performance.now(); askedMs < endMs; askedMs = performance.now()) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(restAfter(performance.now() - askedMs, INTERVAL_MS));
  }
  throw new Error(`gave up waiting for ${what} after ${patienceMs / 1000} s`);
}
