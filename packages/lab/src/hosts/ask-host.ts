import { setTimeout as pause } from 'node:timers/promises';
import { restAfter } from '../wait.ts';

/** A host shares its processors with everything else that runs; a limit is only there to end a run that hangs. */
const PATIENCE_MS = 150_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 800;
const GROWTH = 1.3;

/**
 * Asks until the answer is not undefined, less often the longer it takes: every question starts a program on the host.
 * @param patienceMs for things that are slow by their nature
 */
export async function askHost<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const startedMs = performance.now();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * GROWTH)) {
    const askedMs = performance.now();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() - startedMs > patienceMs) {
      throw new Error(`gave up waiting for ${what} after ${patienceMs / 1000} s`);
    }
    await pause(restAfter(performance.now() - askedMs, pauseMs));
  }
}
