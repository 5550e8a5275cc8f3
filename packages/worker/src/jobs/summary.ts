import { describeChanges } from '../package-interface/describe-results.ts';
import { describeLeftOut } from '../package-interface/left-out.ts';
import { type OperationOutcome, type SourceFailure } from '../package-interface/package-operations.ts';

/** What a job did, as far as its closing message tells of it. */
export interface Done extends Pick<OperationOutcome, 'results' | 'left' | 'warnings'> {
  readonly failedSources?: readonly SourceFailure[] | undefined;
}

/** The closing message of a job, for people: what changed, then what did not and why. */
export function summaryOf({ results, left = [], warnings = [], failedSources = [] }: Done): string {
  const rest = [
    describeLeftOut(left),
    ...warnings,
    ...failedSources.map(({ source, reason }) => `Not refreshed: ${source}: ${reason}`),
  ].filter((one) => one !== undefined);
  const changed = describeChanges(results);
  if (rest.length === 0) return changed ?? 'Nothing to do: everything is as asked for';
  return [`${changed ?? 'Nothing was changed'}.`, ...rest].join(' ');
}
