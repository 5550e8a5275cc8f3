import { HOUR_MS, MINUTE_MS } from '@linux-patch/contract';
import { type RenewalPolicy, renewalPoint } from './renewal-policy.ts';

/** No two attempts are closer than this, whatever else says so; an issuer that sends useless certificates cannot make a loop. */
export const ATTEMPT_FLOOR_MS = MINUTE_MS;
/** A slot lasts this long; who wakes up later waits for the next one. */
export const SLOT_MS = 20 * MINUTE_MS;
/** Attempts within a slot, for a manager that only restarts. They stay within the hour that the slot belongs to. */
const OFFSETS_MS = [0, 2 * MINUTE_MS, 6 * MINUTE_MS, 15 * MINUTE_MS];
const LONGEST_PERIOD_MS = 48 * HOUR_MS;
/** Less than this part of the lifetime left: hourly, then every ten minutes. */
const EMERGENCY = { left: 0.1, periodMs: HOUR_MS } as const;
const LAST_MOMENT = { left: 0.02, periodMs: 10 * MINUTE_MS } as const;

/**
 * Time between two slots of attempts while a renewal is overdue: 48 h, halved until it is no more than a tenth of what
 * is left, so that the slots of a longer period are slots of the shorter ones too.
 */
function periodAt(policy: RenewalPolicy, at: number): number {
  const leftMs = policy.notAfterMs - at;
  const left = leftMs / (policy.notAfterMs - policy.notBeforeMs);
  if (left < LAST_MOMENT.left) return LAST_MOMENT.periodMs;
  let periodMs = LONGEST_PERIOD_MS;
  while (periodMs > leftMs / 10 && periodMs > LAST_MOMENT.periodMs) periodMs /= 2;
  return left < EMERGENCY.left ? Math.min(periodMs, EMERGENCY.periodMs) : periodMs;
}

/** The first attempt at or after `from`, of the slots with this period. */
function firstIn(point: number, periodMs: number, from: number): number {
  const slot = point + Math.max(0, Math.floor((from - point) / periodMs)) * periodMs;
  const offset = OFFSETS_MS.find((one) => one < periodMs / 3 && slot + one >= from);
  return offset === undefined ? slot + periodMs : slot + offset;
}

/**
 * The first instant at or after `from` at which a renewal is tried.
 *
 * A host whose renewal point has passed, because it was off or its manager was, keeps its place: it tries at the same
 * distance from its point again and again. Hosts that are spread before an outage are therefore spread after it, and
 * evenly, which a new draw would not give; and no restart moves anything, because there is nothing to remember.
 *
 * @param from the end of the last attempt and its pause, or the start of the program
 */
export function nextAttemptAt(policy: RenewalPolicy, from: number): number {
  const point = renewalPoint(policy);
  if (from <= point) return point;
  let at = firstIn(point, periodAt(policy, from), from);
  // Until then less will be left, and the period may be shorter.
  for (;;) {
    const sooner = firstIn(point, periodAt(policy, at), from);
    if (sooner >= at) return at;
    at = sooner;
  }
}
