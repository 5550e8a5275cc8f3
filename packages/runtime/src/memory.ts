import type { Clock } from './clock.ts';

/** What this process holds, and the way to give back what it does not use. */
export interface ProcessMemory {
  /** What objects and their buffers take, garbage included. */
  heldBytes(): number;
  /** User and system time since the start. */
  cpuMs(): number;
  /** Collects everything that nobody uses any more. For about a tenth of a second nothing else happens. */
  collect(): void;
}

/** A start, an enrolment or a burst of requests is over when the process was idle for so long. */
const QUIET_MS = 1_500;

/** How often it is looked whether there is something to collect again. */
const LOOK_MS = 5_000;

/** A larger share of one core than this is work that must not be held up. */
const IDLE_SHARE = 0.03;

/** Less than this is not worth a tenth of a second. */
const WORTH_BYTES = 4_000_000;

/** What was measured since the last look. */
export interface MemoryLook {
  readonly elapsedMs: number;
  readonly cpuMs: number;
  /** Growth since the last collection; undefined before the first. */
  readonly grownBytes: number | undefined;
}

/** Whether now is the time to collect: idle, and enough to gain. */
export function isTimeToCollect({ elapsedMs, cpuMs, grownBytes }: MemoryLook): boolean {
  return cpuMs <= elapsedMs * IDLE_SHARE && (grownBytes === undefined || grownBytes >= WORTH_BYTES);
}

/**
 * Gives back what a start or a burst of work left behind, as soon as the process is idle. The engine by itself collects
 * when memory is asked for, so that an idle process would keep its garbage for hours. Resolves when the signal aborts.
 */
export async function keepMemoryLow(options: {
  readonly clock: Clock;
  readonly memory: ProcessMemory;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { clock, memory, signal } = options;
  let lastBytes: number | undefined;
  while (!signal.aborted) {
    const [sinceMs, sinceCpuMs] = [clock.monotonicMs(), memory.cpuMs()];
    await clock.sleep(lastBytes === undefined ? QUIET_MS : LOOK_MS, signal).catch(() => {});
    if (signal.aborted) return;
    const elapsedMs = clock.monotonicMs() - sinceMs;
    const cpuMs = memory.cpuMs() - sinceCpuMs;
    const grownBytes = lastBytes === undefined ? undefined : memory.heldBytes() - lastBytes;
    if (!isTimeToCollect({ elapsedMs, cpuMs, grownBytes })) continue;
    memory.collect();
    lastBytes = memory.heldBytes();
  }
}
