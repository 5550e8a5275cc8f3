import { lazily, PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import { z } from 'zod';

/** Somebody may sit in front of it. */
const PATIENCE_MS = 30_000;

/** An agent takes so many changes a minute of one manager; it says how long the next has to wait, and has begun nothing. */
const TooMany = lazily(() =>
  z.object({
    agent: z.object({
      code: z.literal('RATE_LIMIT_EXCEEDED'),
      details: z.object({ retry_after_seconds: z.number().positive() }),
    }),
  }),
);

/**
 * Asks an agent, and again when it has time, for half a minute in all.
 * @throws what `ask` throws; the signal's reason
 */
export async function patiently<T>(
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  for (let leftMs = PATIENCE_MS; ; ) {
    try {
      return await ask();
    } catch (error) {
      const { data } = TooMany.safeParse(error instanceof PatchError ? error.details : undefined);
      const waitMs = (data?.agent.details.retry_after_seconds ?? Number.POSITIVE_INFINITY) * 1_000;
      leftMs -= waitMs;
      if (leftMs < 0) throw error;
      await clock.sleep(waitMs, signal ?? new AbortController().signal);
    }
  }
}
