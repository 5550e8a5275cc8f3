import type { Job } from '@linux-patch/contract';
import { printableLine } from '../printable.ts';
import { describeDifference } from './plan.ts';
import { pastTime, renderFacts, renderTable } from './table.ts';

/**
 * What a job did, for people.
 * @param askedBy who asked for it, where somebody keeps a record of that
 */
export function describeJob(job: Job, nowMs: number, askedBy?: string): string {
  const by = askedBy ?? (job.by_root ? 'root of the host, there' : undefined);
  const facts = renderFacts([
    ['Job', job.job_id],
    ['Operation', job.operation],
    ['Status', job.state === job.status ? job.status : `${job.status} (${job.state})`],
    ['Message', job.message],
    ...(job.signed_by ? [['Signed by', job.signed_by] as const] : []),
    ...(by === undefined ? [] : [['Asked for by', by] as const]),
    ...(job.rollback_job_id === null ? [] : [['Takes back', job.rollback_job_id] as const]),
    ...(job.rolled_back_by ? [['Rolled back by', job.rolled_back_by] as const] : []),
    ['Started', pastTime(job.started_at, nowMs)],
    ['Ended', pastTime(job.completed_at, nowMs)],
    ...(job.error ? [['Error', `${job.error} (${job.error_code ?? 'no code'})`] as const] : []),
  ]);
  const difference = job.error_details?.difference;
  return [
    facts,
    ...(difference ? [describeDifference(difference)] : []),
    ...(job.results.length > 0 ? [describeResults(job)] : []),
  ].join('\n\n');
}

/** How a job ended, in short where it ended well: its message has what stays out and why, and what else is wrong. */
export function describeEnd(job: Job, nowMs: number): string {
  if (job.status !== 'completed') return describeJob(job, nowMs);
  return job.results.length === 0 ? job.message : [describeResults(job), job.message].join('\n');
}

/** Versions before and after, and configuration files that stayed as they were. */
function describeResults(job: Job): string {
  const table = renderTable(
    ['PACKAGE', 'BEFORE', 'AFTER', 'ACTION'],
    job.results.map((one) => [one.name, one.version_before ?? '-', one.version_after ?? '-', one.action]),
  );
  const kept = job.results.flatMap((one) => one.kept_files ?? []).map(printableLine);
  if (kept.length === 0) return table;
  return `${table}\n\nChanged on the host before, and kept so; what the packages bring lies beside them: ${kept.join(', ')}`;
}
