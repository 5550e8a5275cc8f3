import type { JobResult } from '@linux-patch/contract';

const CHANGES: readonly JobResult['action'][] = [
  'installed',
  'upgraded',
  'downgraded',
  'removed',
  'reinstalled',
  'replaced',
];

/** Whether something became of the package. */
export function isChange({ action }: Pick<JobResult, 'action'>): boolean {
  return CHANGES.includes(action);
}

/**
 * Results of a job that works in several steps: what an earlier step changed stays among them, and what two steps changed
 * is told as one change.
 */
export function mergeResults(earlier: readonly JobResult[], later: readonly JobResult[]): JobResult[] {
  const before = new Map(earlier.filter(isChange).map((one) => [one.name, one]));
  const names = new Set(later.map((one) => one.name));
  return [
    ...[...before.values()].filter((one) => !names.has(one.name)),
    ...later.map((one) => together(before.get(one.name), one)),
  ];
}

function together(first: JobResult | undefined, second: JobResult): JobResult {
  if (!first) return second;
  const { version_before } = first;
  const { version_after } = second;
  const merged = { ...first, ...second, version_before };
  if (second.action === 'failed') return merged;
  if (version_before === version_after) {
    const again = [first, second].some((one) => one.action === 'reinstalled');
    return { ...merged, action: again ? 'reinstalled' : 'unchanged' };
  }
  if (version_before === null) return { ...merged, action: 'installed' };
  return { ...merged, action: isChange(second) ? second.action : first.action };
}
