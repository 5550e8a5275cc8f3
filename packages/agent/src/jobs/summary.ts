import type { JobResult } from '@linux-patch/contract';
import type { OperationOutcome, SourceFailure } from '../package-manager/package-operations.ts';

/** What a job did, as far as its closing message tells of it. */
export interface Done extends Pick<OperationOutcome, 'results'> {
  readonly failedSources?: readonly SourceFailure[] | undefined;
}

/** The closing message of a job, for people: what changed, then what did not and why. */
export function summaryOf({ results, failedSources = [] }: Done): string {
  const rest = failedSources.map(({ source, reason }) => `Not refreshed: ${source}: ${reason}`);
  const changed = changesOf(results);
  if (rest.length === 0) return changed ?? 'Nothing to do: everything is as asked for';
  return [`${changed ?? 'Nothing was changed'}.`, ...rest].join(' ');
}

/** One line on what changed; undefined when nothing did. */
function changesOf(results: readonly JobResult[]): string | undefined {
  const changed = results.filter((result) => result.action !== 'unchanged');
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
