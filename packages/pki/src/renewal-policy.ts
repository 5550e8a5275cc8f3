import { DAY_MS } from '@linux-patch/contract';
/** What decides when a certificate is renewed. Instants are epoch milliseconds. */
export interface RenewalPolicy {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Uniform in [0, 1), drawn once per certificate and kept, so that a fleet enrolled in one minute spreads out. */
  readonly draw: number;
  /** Renewal happens no later than this many days before expiry. */
  readonly thresholdDays: number;
  /** Where the manager, which knows what the other hosts do, wants this renewal. A wish: see `renewalPoint`. */
  readonly window?: RenewalWindow | undefined;
}

/** A span of time in which a certificate shall be renewed. Epoch milliseconds. */
export interface RenewalWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** The part of a lifetime in which renewals are spread. */
export const RENEWAL_SPAN = { from: 0.6, to: 0.8 } as const;

/**
 * When a certificate has to be renewed at the latest: `thresholdDays` before its end, but never before the middle of its
 * life, because a fresh one that is already due would be renewed for ever.
 */
export function latestRenewalMs(
  life: Pick<RenewalPolicy, 'notBeforeMs' | 'notAfterMs' | 'thresholdDays'>,
): number {
  const { notBeforeMs, notAfterMs, thresholdDays } = life;
  return Math.max(notAfterMs - thresholdDays * DAY_MS, notBeforeMs + (notAfterMs - notBeforeMs) / 2);
}

/**
 * The instant to renew: the drawn point of the manager's window, else of the time between 60 % and 80 % of the
 * lifetime; at the latest `latestRenewalMs`. Because nobody else shall decide that a host lets its certificate lapse, or
 * renews for ever, a window outside the time from the middle of the lifetime to that latest point is not followed.
 */
export function renewalPoint(policy: RenewalPolicy): number {
  const { notBeforeMs, notAfterMs, draw, window } = policy;
  const lifetimeMs = notAfterMs - notBeforeMs;
  const middle = notBeforeMs + lifetimeMs / 2;
  const latest = latestRenewalMs(policy);
  if (window && window.startMs <= window.endMs && window.startMs >= middle && window.endMs <= latest) {
    return Math.floor(window.startMs + draw * (window.endMs - window.startMs));
  }
  const { from, to } = RENEWAL_SPAN;
  return Math.floor(Math.min(notBeforeMs + lifetimeMs * (from + (to - from) * draw), latest));
}

/** Whether the renewal point has come. */
export function isRenewalDue(policy: RenewalPolicy, now: number): boolean {
  return now >= renewalPoint(policy);
}
