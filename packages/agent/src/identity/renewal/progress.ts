import { DAY_MS, isoOf } from '@linux-patch/contract';
import {
  ATTEMPT_FLOOR_MS,
  nextAttemptAt,
  type RenewalAlarm,
  renewalAlarm,
  renewalPoint,
  SLOT_MS,
} from '@linux-patch/pki';
import type { Renewable } from './policy.ts';
import type { RenewalRecord } from './record.ts';

/** A manager may ask for patience, but for no more than this. */
const RETRY_AFTER_CAP_MS = DAY_MS;

/** How far the renewal of one certificate has come. A value: every step gives a new one. Epoch milliseconds. */
export interface RenewalProgress {
  readonly certificate: Renewable;
  /** No attempt before this. */
  readonly fromMs: number;
  readonly lastAttemptMs: number | undefined;
  readonly lastError: string | undefined;
  readonly failures: number;
  /** The manager says that another machine holds this certificate as well. */
  readonly forked: boolean;
}

/** Begins with a certificate; what an earlier run noted about the same one is taken up. */
export function beginRenewal(certificate: Renewable, now: number, record?: RenewalRecord): RenewalProgress {
  const fresh = { certificate, lastAttemptMs: undefined, lastError: undefined, failures: 0, forked: false };
  if (record?.serial !== certificate.serialHex || record.last_attempt_at === null) {
    return { ...fresh, fromMs: now };
  }
  const lastAttemptMs = Math.min(now, Date.parse(record.last_attempt_at));
  return {
    certificate,
    fromMs: Math.max(now, lastAttemptMs + ATTEMPT_FLOOR_MS),
    lastAttemptMs,
    lastError: record.last_error ?? undefined,
    failures: record.failures,
    forked: record.forked ?? false,
  };
}

/** The certificate was replaced by another one. The pause before its first attempt keeps a useless issuer from a loop. */
export function replaceCertificate(certificate: Renewable, now: number): RenewalProgress {
  return { ...beginRenewal(certificate, now), fromMs: now + ATTEMPT_FLOOR_MS };
}

/** An attempt failed. */
export function failRenewal(
  progress: RenewalProgress,
  failure: {
    readonly now: number;
    readonly reason: string;
    readonly pauseMs: number;
    readonly forked: boolean;
  },
): RenewalProgress {
  const { now, reason, pauseMs, forked } = failure;
  return {
    ...progress,
    fromMs: now + Math.max(ATTEMPT_FLOOR_MS, Math.min(RETRY_AFTER_CAP_MS, pauseMs)),
    lastAttemptMs: now,
    lastError: reason,
    failures: progress.failures + 1,
    // Only another certificate ends that.
    forked: progress.forked || forked,
  };
}

/**
 * Puts right what a clock did: one that was set back must not make the next attempt wait for years, and a host that
 * slept through its slot waits for the next one instead of asking together with all others that woke up.
 */
export function adjustToClock(progress: RenewalProgress, now: number): RenewalProgress {
  const { fromMs, certificate } = progress;
  if (fromMs > now + RETRY_AFTER_CAP_MS + ATTEMPT_FLOOR_MS) return { ...progress, fromMs: now };
  const missed = fromMs <= now && now - nextAttemptAt(certificate.policy, fromMs) > SLOT_MS;
  return missed ? { ...progress, fromMs: now } : progress;
}

export function nextRenewalMs({ certificate, fromMs }: RenewalProgress): number {
  return nextAttemptAt(certificate.policy, fromMs);
}

export function renewalDueMs({ certificate }: RenewalProgress): number {
  return renewalPoint(certificate.policy);
}

/** @param renewable whether anybody is there to renew it; else only the end counts, because a person has to act */
export function alarmOf({ certificate }: RenewalProgress, now: number, renewable: boolean): RenewalAlarm {
  const { policy } = certificate;
  const alarm = renewalAlarm({ ...policy, pointMs: renewalPoint(policy) }, now);
  return renewable || ['week_left', 'two_days_left', 'expired'].includes(alarm) ? alarm : 'none';
}

export function recordOf(progress: RenewalProgress): RenewalRecord {
  return {
    v: 1,
    serial: progress.certificate.serialHex,
    due_at: isoOf(renewalDueMs(progress)),
    next_attempt_at: isoOf(nextRenewalMs(progress)),
    last_attempt_at: isoOf(progress.lastAttemptMs),
    last_error: progress.lastError ?? null,
    failures: progress.failures,
    ...(progress.forked ? { forked: true } : {}),
  };
}
