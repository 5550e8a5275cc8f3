import type { Job } from '@linux-patch/contract';

const OPERATIONS: Readonly<Record<string, string>> = {
  patch_apply: 'install updates',
  install: 'install packages',
  remove: 'remove packages',
  update: 'update packages',
  hold: 'hold packages',
  unhold: 'let held packages go on',
  rollback: 'roll back',
  restart_service: 'restart service',
  reboot: 'reboot',
  cancel_reboot: 'cancel reboot',
};

/** What a job does, before "on" and its host; an older agent may know others. */
export function operationWords({ operation }: Pick<Job, 'operation'>): string {
  return OPERATIONS[operation] ?? operation.replaceAll('_', ' ');
}
