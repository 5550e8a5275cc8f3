import { MINUTE_MS } from '@linux-patch/contract';
/** How a request went wrong, which says where its backoff starts and how far it grows. */
export type SetbackClass =
  /** The network, a busy or stopping manager, this host's disk: passes by itself. */
  | 'transient'
  /** The manager or something before it does not want this request now: a duplicate, a lost one. */
  | 'refused'
  /** What answers is no manager: a login page, a redirect, a wrong URL. */
  | 'misconfigured'
  /** Whoever answers is not proven to be the manager. The checks never get weaker; a person has to look. */
  | 'security';

/** What the last request came to, as far as waiting is concerned. */
export type WaitReason =
  | { readonly kind: SetbackClass; readonly failures: number }
  /** 429, or anything else with `Retry-After`. */
  | { readonly kind: 'throttled'; readonly failures: number; readonly retryAfterMs: number | undefined };

const SECOND_MS = 1000;
/**
 * Spread after `Retry-After`, so that hosts behind one address do not come back together. A host that met 429 several
 * times in a row comes back sooner than one that was just answered, so that none is left out for ever.
 */
const THROTTLED_SPREAD_MS = MINUTE_MS;
const PATIENT_THROTTLES = 3;
const SHORTEST_SPREAD_MS = 3 * SECOND_MS;
/** No manager parks a host for longer, whatever `Retry-After` says. */
const RETRY_AFTER_CAP_MS = 60 * MINUTE_MS;
/** Nothing is asked more often than this, whatever the draw. */
const FLOOR_MS = SECOND_MS;

/** Where a backoff starts and where it ends. What only a person can mend starts late. */
const BACKOFF: Readonly<
  Record<SetbackClass | 'throttled', { readonly startMs: number; readonly capMs: number }>
> = {
  transient: { startMs: 2 * SECOND_MS, capMs: 5 * MINUTE_MS },
  throttled: { startMs: 30 * SECOND_MS, capMs: 5 * MINUTE_MS },
  misconfigured: { startMs: 10 * SECOND_MS, capMs: 5 * MINUTE_MS },
  refused: { startMs: 30 * SECOND_MS, capMs: 15 * MINUTE_MS },
  security: { startMs: 15 * SECOND_MS, capMs: 15 * MINUTE_MS },
};

/**
 * How long to wait before the next request, milliseconds: the one policy for every wait for a manager. Backoff is
 * exponential up to the cap of its class, and the jitter is applied after the cap: jitter before it gives no spread
 * where it is needed most.
 *
 * @param draw uniform in [0, 1)
 */
export function nextDelayMs(reason: WaitReason, draw: number): number {
  switch (reason.kind) {
    case 'throttled':
      if (reason.retryAfterMs !== undefined)
        return Math.max(
          FLOOR_MS,
          Math.min(RETRY_AFTER_CAP_MS, reason.retryAfterMs) + throttledSpreadMs(reason.failures) * draw,
        );
      return backoffMs('throttled', reason.failures, draw);
    case 'transient':
    case 'refused':
    case 'misconfigured':
    case 'security':
      return backoffMs(reason.kind, reason.failures, draw);
  }
}

function throttledSpreadMs(failures: number): number {
  const impatience = Math.max(0, failures - PATIENT_THROTTLES);
  return Math.max(SHORTEST_SPREAD_MS, THROTTLED_SPREAD_MS / 2 ** Math.min(impatience, 12));
}

function backoffMs(kind: keyof typeof BACKOFF, failures: number, draw: number): number {
  const { startMs, capMs } = BACKOFF[kind];
  return Math.max(FLOOR_MS, Math.min(capMs, startMs * 2 ** Math.min(failures, 12)) * draw);
}
