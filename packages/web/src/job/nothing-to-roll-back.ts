import type { Job, JobOperation, Plan } from '@linux-patch/contract';
import { count } from '../words/count.ts';
import { isOver } from './job-query.ts';

/** What changes versions of packages. */
const CHANGES_VERSIONS: readonly JobOperation[] = ['install', 'update', 'remove', 'patch_apply', 'rollback'];

/** Whether a job is of a kind that can be rolled back, and has ended. */
export function isOfRollback(job: Pick<Job, 'status' | 'operation'>): boolean {
  return isOver(job) && CHANGES_VERSIONS.includes(job.operation);
}

/** Why there is nothing of a job to take back, by what it did; undefined where there is. */
export function whyNoRollback({ results }: Pick<Job, 'results'>): string | undefined {
  if (results.some((one) => one.version_before !== one.version_after)) return undefined;
  return 'This job left every package at the version that it had, so there is nothing to roll back.';
}

/** Why a plan takes nothing of a job back; undefined where it does. */
export function whyTakesNothing(
  { steps, left_out: left }: Pick<Plan, 'steps' | 'left_out'>,
  { rolled_back_by: by }: Pick<Job, 'rolled_back_by'>,
): string | undefined {
  if (steps.length > 0) return undefined;
  const gone = left.filter(({ why }) => why === 'unavailable').length;
  if (gone > 0)
    return `A rollback takes all of it back or nothing, and ${count(gone, 'version')} of before cannot be had any more; "What stays out" names them.`;
  if (left.length > 0) return 'It does not fit together; "What stays out" says why.';
  const since = by ? 'It was rolled back already: every' : 'Every';
  return `${since} package is as it was before this job, so there is nothing to roll back.`;
}
