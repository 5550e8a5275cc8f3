import type { Clock } from '@linux-patch/runtime';

/** More polls than this are answered at once instead of being held. */
const MAX_HELD = 20_000;

/** Polls that are held open until their request is decided. */
export interface Waiting {
  /** Resolves when the request changes, the time is up, the caller hangs up, or the server stops. */
  hold(requestId: string, limitMs: number, signal: AbortSignal): Promise<void>;
  /** Wakes the polls of one request. */
  wake(requestId: string): void;
  /** Whether another poll may be held. */
  readonly hasRoom: boolean;
}

/** Holds polls in this process. */
export function createWaiting(clock: Clock): Waiting {
  const held = new Map<string, Set<AbortController>>();
  let count = 0;
  return {
    get hasRoom() {
      return count < MAX_HELD;
    },
    async hold(requestId, limitMs, signal) {
      const woken = new AbortController();
      const others = held.get(requestId) ?? new Set();
      held.set(requestId, others.add(woken));
      count += 1;
      try {
        await clock.sleep(limitMs, AbortSignal.any([signal, woken.signal]));
      } catch {
        // Woken, hung up or stopping: the caller looks at the request again in any case.
      } finally {
        count -= 1;
        others.delete(woken);
        if (others.size === 0) held.delete(requestId);
      }
    },
    wake(requestId) {
      for (const one of held.get(requestId) ?? []) one.abort();
    },
  };
}
