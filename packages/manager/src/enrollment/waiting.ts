import type { Clock } from '@linux-patch/runtime';

/** More polls than this are answered at once instead of being held. */
const MAX_HELD = 20_000;
/** A reason of its own; by default each abort makes an error with a stack. */
const WOKEN = 'woken';

/** A poll to hold open. */
export interface Hold {
  readonly requestId: string;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Asked once the poll can be woken, so that a decision made just before is not slept through. */
  readonly isDecided: () => Promise<boolean>;
}

/** Polls that are held open until their request is decided. */
export interface Waiting {
  /** Resolves when the request changes, the time is up, the caller hangs up, or the server stops. */
  hold(hold: Hold): Promise<void>;
  /** Wakes the polls of one request, which was decided. */
  wake(requestId: string): void;
  /** Calls back whenever a request was decided. */
  onDecision(decided: () => void): Disposable;
  /** Whether another poll may be held. */
  readonly hasRoom: boolean;
  /** Polls that are held now. */
  readonly held: number;
}

/** Holds polls in this process. */
export function createWaiting(clock: Clock): Waiting {
  const byRequest = new Map<string, Set<AbortController>>();
  const listeners = new Set<() => void>();
  let count = 0;
  return {
    get hasRoom() {
      return count < MAX_HELD;
    },
    get held() {
      return count;
    },
    async hold({ requestId, limitMs, signal, isDecided }) {
      const woken = new AbortController();
      const others = byRequest.get(requestId) ?? new Set();
      byRequest.set(requestId, others.add(woken));
      count += 1;
      try {
        if (!(await isDecided())) await sleepUntil(clock, limitMs, [signal, woken.signal]);
      } finally {
        count -= 1;
        others.delete(woken);
        if (others.size === 0 && byRequest.get(requestId) === others) byRequest.delete(requestId);
      }
    },
    wake(requestId) {
      for (const one of byRequest.get(requestId) ?? []) one.abort(WOKEN);
      for (const decided of listeners) decided();
    },
    onDecision(decided) {
      listeners.add(decided);
      return { [Symbol.dispose]: () => void listeners.delete(decided) };
    },
  };
}

/** Woken, hung up, stopping or time over: the caller looks at the request again in any case. */
async function sleepUntil(clock: Clock, limitMs: number, signals: AbortSignal[]): Promise<void> {
  const any = AbortSignal.any(signals);
  try {
    await clock.sleep(limitMs, any);
  } catch (error) {
    if (!any.aborted) throw error;
  }
}
