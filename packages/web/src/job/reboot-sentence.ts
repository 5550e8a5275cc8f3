import type { JobReboot } from '@linux-patch/contract';

/** What a job says of the reboot that follows it; it is read long after that, too. */
export function rebootSentence({ due_at, reasons }: JobReboot, nowMs: number): string {
  const due = new Date(due_at);
  const when = `at ${due.toLocaleString()} by its clock: ${reasons.join('; ')}.`;
  return due.getTime() > nowMs ? `The host reboots ${when}` : `The host was to reboot ${when}`;
}
