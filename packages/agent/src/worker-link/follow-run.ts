import { join } from 'node:path';
import type { Clock, Files, OutputSource } from '@linux-patch/runtime';
import { askedSeldom, LineFollower } from '@linux-patch/worker';

const LOOK_INTERVAL_MS = 200;
/** To say whether it runs costs a process of the worker; one that ends says so itself. */
const ASK_INTERVAL_MS = 10_000;

export interface FollowOptions {
  readonly files: Files;
  readonly clock: Clock;
  /** Where the process leaves what it says. */
  readonly folder: string;
  readonly isRunning: () => Promise<boolean>;
  /** Whether it has ended before. */
  readonly hasEnded: boolean;
  readonly onLine: (line: string, source: OutputSource) => void;
  /** Whether what came so far is all that was waited for. */
  readonly isEnough: () => boolean;
  /** Stops the following; the process goes on. */
  readonly signal: AbortSignal;
}

/**
 * Reads what the process of a job says, from its first word until that is enough or the process has ended.
 * @throws the signal's reason
 */
export async function followRun(options: FollowOptions): Promise<void> {
  const { files, clock, folder, isRunning, hasEnded, onLine, isEnough, signal } = options;
  const followers = (['stdout', 'stderr'] as const).map(
    (source) =>
      new LineFollower({ files, path: join(folder, source), onLine: (line) => onLine(line, source) }),
  );
  const stillRuns = askedSeldom(isRunning, { clock, everyMs: ASK_INTERVAL_MS, firstMs: ASK_INTERVAL_MS });
  for (let ended = hasEnded; ; ) {
    for (const follower of followers) await follower.read();
    if (isEnough()) return;
    if (ended) return followers.forEach((one) => one.end());
    signal.throwIfAborted();
    // What was said before the end is there when the end is.
    ended = (await files.facts(join(folder, 'exit'))) !== undefined || !(await stillRuns());
    if (!ended) await clock.sleep(LOOK_INTERVAL_MS, signal).catch(() => {});
  }
}
