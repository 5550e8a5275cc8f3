import type { Plan, PolicyDenial } from '@linux-patch/contract';
import { count } from '../words/count.ts';
import { listsRemarks } from '../words/lists-remarks.ts';
import { size } from '../words/size.ts';
import { lostFixes } from './step-security.ts';

const REBOOT_WORDS: Readonly<Record<Plan['reboot'], string>> = {
  yes: 'A reboot is likely to be needed.',
  no: 'No reboot is likely to be needed.',
  unknown: 'Whether a reboot is needed is not known.',
};

function diskWords(bytes: number | null): string {
  if (bytes === null) return 'the disk space it takes is not known';
  return bytes < 0 ? `frees ${size(-bytes)} of disk space` : `takes ${size(bytes)} of disk space`;
}

/** What a plan comes to, in one line. */
export function sumOf({ steps, new_packages, removed_packages, download_bytes, disk_bytes }: Plan): string {
  const download =
    download_bytes === null ? 'the download is not known' : `${size(download_bytes)} to download`;
  return (
    `${count(steps.length, 'step')}, ${new_packages.length} new, ${removed_packages.length} removed; ` +
    `${download}, ${diskWords(disk_bytes)}.`
  );
}

/** Where a rule of a host's policy stands. */
export function placeOf({ file, line }: PolicyDenial): string {
  return line === null ? file : `${file}:${line}`;
}

/** What somebody who approves a plan has to know before; the worst first. */
export function warningsOf(plan: Plan, now: number): string[] {
  const { removed_packages: removed, left_out: left, busy } = plan;
  return [
    ...lostFixes(plan.steps),
    ...(removed.length > 0 ? [`It removes ${removed.join(', ')}.`] : []),
    ...(left.some(({ removals }) => removals.length > 0)
      ? ['Some of what stays out would go in if other packages were removed; tick that above to see which.']
      : []),
    ...(busy === null ? [] : [`${busy} works with the packages of the host now, which may change this.`]),
    ...listsRemarks(plan.lists, now),
  ];
}

/** Whether a reboot follows. */
export function rebootOf({ reboot }: Plan): string {
  return REBOOT_WORDS[reboot];
}

/** Why a plan cannot be applied; undefined when it can. */
export function whyNotApply({ steps, policy }: Plan): string | undefined {
  if (policy) return `The policy of the host forbids it: ${policy.reason} (${placeOf(policy)}).`;
  if (steps.length === 0) return 'Nothing would be changed.';
  return undefined;
}
