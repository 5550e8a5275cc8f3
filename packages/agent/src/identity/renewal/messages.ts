import type { RenewalAlarm } from '@linux-patch/pki';
import { type RenewalProgress, renewalDueMs } from './progress.ts';

const LEFT: Readonly<Record<RenewalAlarm, string>> = {
  none: '',
  late: 'it is a day late',
  fifth_left: 'less than a fifth of its life is left',
  tenth_left: 'less than a tenth of its life is left',
  week_left: 'less than a week is left',
  two_days_left: 'less than two days are left',
  expired: 'it has expired, and no manager can connect to this host any more',
};

const iso = (epochMs: number): string => new Date(epochMs).toISOString().replace('.000Z', 'Z');

/** What health says about a key that has been on another machine. */
export const MANAGER_MADE_KEY =
  'the manager made the private key of this host (legacy key), so it has been on another machine; it is replaced by itself when the manager can renew';

/** What it means that the manager renewed this certificate for somebody else. */
export const FORKED =
  'the manager has renewed this certificate before, for another key that is in use, so two machines hold one identity: this one is a copy or an ' +
  'old snapshot of the host, or somebody copied its key. If this is the host, let it join anew (linux-patch-api --enroll) and approve it on ' +
  'the manager; if it is a copy, give it a name and a machine-id of its own first';

/** Whether an alarm is worth an error rather than a warning. */
export function isSevere(alarm: RenewalAlarm): boolean {
  return alarm !== 'none' && alarm !== 'late' && alarm !== 'fifth_left';
}

/** What is wrong, what it means and what to do, for log and health. */
export function renewalTrouble(
  alarm: RenewalAlarm,
  progress: RenewalProgress,
  managerUrl: string | undefined,
): string {
  const { policy } = progress.certificate;
  const when = `The certificate should have been renewed on ${iso(renewalDueMs(progress))}, ${LEFT[alarm]} (it ends on ${iso(policy.notAfterMs)}).`;
  if (managerUrl === undefined) {
    return `${when} Nobody renews it: enrollment.manager_url is not set. Set it, or copy new certificates; they are taken up by themselves.`;
  }
  const why =
    progress.lastError === undefined
      ? `${managerUrl} has not been asked yet.`
      : `Last error: ${progress.lastError}`;
  return `${when} ${why} To try now: linux-patch-api --renew-certs`;
}

/** The same in a few words, for the line that `systemctl status` shows. */
export function renewalStatus(alarm: RenewalAlarm, progress: RenewalProgress): string {
  const ends = iso(progress.certificate.policy.notAfterMs);
  return `certificate not renewed: ${LEFT[alarm]}, ends ${ends}${progress.lastError === undefined ? '' : `; ${progress.lastError}`}`;
}
