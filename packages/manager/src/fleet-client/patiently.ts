import { lazily, PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import { z } from 'zod';

/** What a host says is not believed below this: it would be asked without a pause. */
const SHORTEST_MS = 1_000;

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
 * Asks an agent, and again when it says that it has time.
 * @param patience.forMs from the first question to the last, milliseconds: a host that takes long to put a question off gains none
 * @throws what `ask` throws; the signal's reason
 */
export async function patiently<T>(
  clock: Pick<Clock, 'sleep' | 'monotonicMs'>,
  patience: { readonly forMs: number; readonly signal: AbortSignal | undefined },
  ask: () => Promise<T>,
): Promise<T> {
  const { forMs, signal = new AbortController().signal } = patience;
  const untilMs = clock.monotonicMs() + forMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const { data } = TooMany.safeParse(error instanceof PatchError ? error.details : undefined);
      if (!data) throw error;
      const waitMs = Math.max(SHORTEST_MS, data.agent.details.retry_after_seconds * 1_000);
      if (clock.monotonicMs() + waitMs > untilMs) throw error;
      await clock.sleep(waitMs, signal);
    }
  }
}
