import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const EVERY_MS = 10_000;

function busyness(): string {
  const [load = 0] = loadavg();
  return `this machine has a load of ${load.toFixed(1)} on ${availableParallelism()} processors`;
}

/**
 * Says from time to time what is waited for, and that it is not forgotten.
 * @param say gets a line
 * @throws the signal's reason when the work is done
 */
export async function sayWhile<T>(
  {
    say,
    signal,
    everyMs = EVERY_MS,
  }: {
    readonly say: (line: string) => void;
    readonly signal?: AbortSignal;
    readonly everyMs?: number;
  },
  what: string,
  work: Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  const timer = setInterval(() => {
    if (signal?.aborted) return;
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    say(`   still waiting for ${what}, for ${seconds} s; ${busyness()}`);
  }, everyMs);
  try {
    const done = await work;
    signal?.throwIfAborted();
    return done;
  } finally {
    clearInterval(timer);
  }
}

/** What to do when a demo in this folder failed. */
export function adviceAfter(folder: string): string {
  const world = join(folder, 'world');
  return (
    `What its programs said last: ${join(world, 'manager/manager.log')}, ${join(world, '*/agent.log')}.\n` +
    `Something that took too long is no fault of its own: ${busyness()}. Wait until it has less to do, then start the demo once more; it begins from nothing each time.`
  );
}
