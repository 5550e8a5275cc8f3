/** What the last request came to, as far as waiting is concerned. */
export type WaitReason =
  /** The manager held the poll open; ask again at once. */
  | { readonly kind: 'held' }
  | { readonly kind: 'pending'; readonly intervalMs: number }
  | {
      readonly kind: 'transient' | 'protocol' | 'security' | 'unknown_token' | 'conflict' | 'local';
      readonly failures: number;
    }
  | { readonly kind: 'throttled'; readonly failures: number; readonly retryAfterMs: number | undefined };

const SECOND_MS = 1000;
const BACKOFF_CAP_MS = 5 * 60 * SECOND_MS;
const BACKOFF_BASE_MS = 2 * SECOND_MS;
/** Spread between two held polls, so that a restarted manager is not met by everybody at once. */
const HELD_SPREAD_MS = 500;
/** Spread after `Retry-After`, so that hosts behind one address do not come back together. */
const THROTTLED_SPREAD_MS = 60 * SECOND_MS;
/** No manager parks a host for longer, whatever `Retry-After` says. */
const RETRY_AFTER_CAP_MS = 3_600 * SECOND_MS;
/** Nothing is asked more often than this, whatever the draw. */
const FLOOR_MS = SECOND_MS;

/** Where the backoff of a reason starts; conflicts and doubts need a person, so they start late. */
const START_MS: Record<
  'transient' | 'protocol' | 'security' | 'unknown_token' | 'conflict' | 'local',
  number
> = {
  transient: BACKOFF_BASE_MS,
  protocol: 10 * SECOND_MS,
  security: 15 * SECOND_MS,
  unknown_token: BACKOFF_BASE_MS,
  conflict: 30 * SECOND_MS,
  local: 5 * SECOND_MS,
};

/**
 * How long to wait before the next request, milliseconds. Backoff is exponential, capped at five minutes, and the
 * jitter is applied after the cap: jitter before it gives no spread where it is needed most.
 *
 * @param draw uniform in [0, 1)
 */
export function nextDelayMs(reason: WaitReason, draw: number): number {
  switch (reason.kind) {
    case 'held':
      return HELD_SPREAD_MS * draw;
    case 'pending':
      return reason.intervalMs * (0.8 + 0.4 * draw);
    case 'throttled':
      if (reason.retryAfterMs !== undefined)
        return Math.min(RETRY_AFTER_CAP_MS, reason.retryAfterMs) + THROTTLED_SPREAD_MS * draw;
      return Math.max(FLOOR_MS, cappedBackoffMs(30 * SECOND_MS, reason.failures) * draw);
    case 'transient':
    case 'protocol':
    case 'security':
    case 'unknown_token':
    case 'conflict':
    case 'local':
      return Math.max(FLOOR_MS, cappedBackoffMs(START_MS[reason.kind], reason.failures) * draw);
  }
}

function cappedBackoffMs(startMs: number, failures: number): number {
  return Math.min(BACKOFF_CAP_MS, startMs * 2 ** Math.min(failures, 12));
}
