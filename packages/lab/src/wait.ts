import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

/** Only for what neither comes nor ends; a busy machine needs its time. */
const PATIENCE_MS = 180_000;
const INTERVAL_MS = 50;

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
  while (performance.now() < endMs) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(INTERVAL_MS);
  }
  throw new Error(`gave up waiting for ${what} after ${patienceMs / 1000} s`);
}
