/** What decides when a certificate is renewed. Instants are epoch milliseconds. */
export interface RenewalPolicy {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Uniform in [0, 1), drawn once per certificate and kept, so that a fleet enrolled in one minute spreads out. */
  readonly draw: number;
  /** Renewal happens no later than this many days before expiry. */
  readonly thresholdDays: number;
}

const DAY_MS = 86_400_000;

/**
 * The instant to renew: between 60 % and 80 % of the lifetime, at the latest `thresholdDays` before expiry. For
 * lifetimes shorter than two thresholds the second rule never reaches before the middle of the lifetime, because
 * a fresh certificate that is already due would be renewed for ever.
 */
export function renewalPoint(policy: RenewalPolicy): number {
  const { notBeforeMs, notAfterMs, draw, thresholdDays } = policy;
  const lifetimeMs = notAfterMs - notBeforeMs;
  const drawn = notBeforeMs + lifetimeMs * (0.6 + 0.2 * draw);
  const latest = Math.max(notAfterMs - thresholdDays * DAY_MS, notBeforeMs + lifetimeMs / 2);
  return Math.floor(Math.min(drawn, latest));
}

/** Whether the renewal point has come. */
export function isRenewalDue(policy: RenewalPolicy, now: number): boolean {
  return now >= renewalPoint(policy);
}
