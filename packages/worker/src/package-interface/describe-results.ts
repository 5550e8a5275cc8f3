import type { JobResult } from '@linux-patch/contract';

/** One line on what changed, without what failed on the way; undefined when nothing did. */
export function describeChanges(results: readonly JobResult[]): string | undefined {
  const changed = results.filter(({ action }) => action !== 'unchanged' && action !== 'failed');
  if (changed.length === 0) return undefined;
  const only = changed.length === 1 ? changed[0] : undefined;
  if (only) {
    const version = only.version_after ?? only.version_before;
    return `${only.name}${version === null ? '' : ` ${version}`} ${only.action}`;
  }
  const counts = new Map<string, number>();
  for (const { action } of changed) counts.set(action, (counts.get(action) ?? 0) + 1);
  return [...counts].map(([action, count]) => `${count} ${action}`).join(', ');
}
