import { basename, dirname, join } from 'node:path';
import type { Clock, Files } from '@linux-patch/runtime';

/** A holder works for milliseconds; what is older was left behind by a crash or a power cut. */
const STALE_MS = 30_000;
const RETRY_MS = 20;

/**
 * Runs `work` while nobody else, in this process or another, does so for the same file. The lock is an empty folder beside
 * the file; one left behind is broken after 30 s. Rejects with the signal's reason when it aborts while waiting.
 */
export async function exclusively<T>(
  options: {
    readonly files: Files;
    readonly clock: Clock;
    readonly path: string;
    readonly signal?: AbortSignal;
  },
  work: () => Promise<T>,
): Promise<T> {
  const { files, clock, path, signal } = options;
  const lock = join(dirname(path), `.${basename(path)}.locked`);
  while (!(await files.claimFolder(lock, 0o700))) {
    const facts = await files.facts(lock);
    // The clock may have been set back since, so that an old lock looks as if it came from the future.
    const stale = facts !== undefined && Math.abs(clock.now() - facts.modifiedMs) > STALE_MS;
    await (stale ? files.remove(lock) : clock.sleep(RETRY_MS, signal));
  }
  try {
    return await work();
  } finally {
    await files.remove(lock);
  }
}
