import { DAY_MS } from '@linux-patch/contract';
/** How urgent a renewal is that has not succeeded, in rising order. */
export const RENEWAL_ALARMS = [
  'none',
  'late',
  'fifth_left',
  'tenth_left',
  'week_left',
  'two_days_left',
  'expired',
] as const;
export type RenewalAlarm = (typeof RENEWAL_ALARMS)[number];

/** The certificate and its renewal point; epoch milliseconds. */
export interface Overdue {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly pointMs: number;
}

/**
 * How loud to be about a certificate that is still the old one: from a day after its renewal point on (a tenth of the
 * lifetime for short ones), and louder at each threshold. Before that there is no alarm, however little is left.
 */
export function renewalAlarm(certificate: Overdue, now: number): RenewalAlarm {
  const { notBeforeMs, notAfterMs, pointMs } = certificate;
  const lifetimeMs = notAfterMs - notBeforeMs;
  const leftMs = notAfterMs - now;
  if (leftMs <= 0) return 'expired';
  if (now < pointMs + Math.min(DAY_MS, lifetimeMs / 10)) return 'none';
  if (leftMs <= 2 * DAY_MS) return 'two_days_left';
  if (leftMs <= 7 * DAY_MS) return 'week_left';
  if (leftMs <= lifetimeMs * 0.1) return 'tenth_left';
  if (leftMs <= lifetimeMs * 0.2) return 'fifth_left';
  return 'late';
}

/** Position in the order of urgency; 0 is no alarm. */
export function alarmLevel(alarm: RenewalAlarm): number {
  return RENEWAL_ALARMS.indexOf(alarm);
}
