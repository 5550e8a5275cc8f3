import type { Clock } from '@linux-patch/runtime';

/** Of the time that passes, asking takes a twentieth at most: on a busy host an answer costs most, and is needed least. */
const SHARE = 20;

/**
 * Whether something still runs, of somebody whose answer costs processes. It counts as running until it is asked about.
 * @param times.everyMs at least so long between answers that say yes; a no is asked about again at once, for a slip
 * @param times.firstMs after so long for the first time
 */
export function askedSeldom(
  ask: () => Promise<boolean>,
  {
    clock,
    everyMs,
    firstMs = 0,
  }: { readonly clock: Clock; readonly everyMs: number; readonly firstMs?: number },
): () => Promise<boolean> {
  let dueMs = clock.monotonicMs() + firstMs;
  let isRunning = true;
  return async () => {
    const askedMs = clock.monotonicMs();
    if (isRunning && askedMs < dueMs) return true;
    isRunning = await ask();
    const answeredMs = clock.monotonicMs();
    dueMs = answeredMs + Math.max(everyMs, SHARE * (answeredMs - askedMs));
    return isRunning;
  };
}
