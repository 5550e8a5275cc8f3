import { setTimeout as pause } from 'node:timers/promises';

/**
 * Runs a case in a world of its own, which is closed however the case ends. One that hangs fails alone, when its limit is over.
 * @param open the signal aborts when the case has ended, before its world is closed
 */
export async function runWithinLimit<World extends AsyncDisposable, Result>(
  limitMs: number,
  open: (over: AbortSignal) => World | Promise<World>,
  run: (world: World) => Promise<Result>,
): Promise<Result> {
  const over = new AbortController();
  await using world = await open(over.signal);
  const late = pause(limitMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`not done after ${limitMs / 1_000} s; what it had started was ended`);
  });
  const running = run(world);
  // Whichever of the two is not heard any more.
  for (const one of [late, running]) one.catch(() => {});
  try {
    return await Promise.race([running, late]);
  } finally {
    over.abort();
  }
}
