import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

/** Longest timer Node accepts (2^31 − 1 ms); longer sleeps are cut into pieces. */
const MAX_TIMER_MS = 2_147_483_647;

/** The host's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  async sleep(ms, signal) {
    let leftMs = Math.max(0, ms);
    do {
      const pieceMs = Math.min(leftMs, MAX_TIMER_MS);
      try {
        await wait(pieceMs, undefined, signal ? { signal } : {});
      } catch (error) {
        throw signal?.aborted ? signal.reason : error;
      }
      leftMs -= pieceMs;
    } while (leftMs > 0);
  },
};
