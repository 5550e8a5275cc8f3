import type { RenewalAlarm } from '@linux-patch/pki';
import { renewalTrouble } from './messages.ts';
import { alarmOf, nextRenewalMs, type RenewalProgress, renewalDueMs } from './progress.ts';

/** How the renewal of the certificate in use fares, for everybody who reports about it. Epoch milliseconds. */
export interface RenewalState {
  readonly alarm: RenewalAlarm;
  readonly dueMs: number;
  /** Undefined where nobody renews it. */
  readonly nextAttemptMs: number | undefined;
  readonly failures: number;
  readonly lastError: string | undefined;
  readonly lastAttemptMs: number | undefined;
  /** Another machine holds this certificate as well. */
  readonly forked: boolean;
  /** While there is an alarm: what is wrong, what it means and what to do. */
  readonly overdue: string | undefined;
}

export function renewalState(
  progress: RenewalProgress,
  now: number,
  managerUrl: string | undefined,
): RenewalState {
  const { failures, lastError, lastAttemptMs, forked } = progress;
  const alarm = alarmOf(progress, now, managerUrl !== undefined);
  return {
    alarm,
    dueMs: renewalDueMs(progress),
    nextAttemptMs: managerUrl === undefined ? undefined : nextRenewalMs(progress),
    failures,
    lastError,
    lastAttemptMs,
    forked,
    overdue: alarm === 'none' ? undefined : renewalTrouble(alarm, progress, managerUrl),
  };
}
