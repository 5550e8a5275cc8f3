import type { JobCore } from '@linux-patch/worker';

/**
 * The newest job that took back what another one changed; null where there is none.
 * @param jobs oldest first
 */
export function rollbackOf(id: string, jobs: Iterable<JobCore>): string | null {
  let found: string | null = null;
  for (const job of jobs) if (job.rollback_job_id === id && job.status === 'completed') found = job.job_id;
  return found;
}
