import type { JobSummary } from '@linux-patch/contract';
import type { JobCore } from '@linux-patch/worker';

/** A job in a list of jobs. */
export function summaryOf(job: JobCore): JobSummary {
  return {
    job_id: job.job_id,
    operation: job.operation,
    status: job.status,
    state: job.state,
    progress_percent: job.progress_percent,
    message: job.message,
    packages: job.packages,
    service: job.service,
    created_at: job.created_at,
    completed_at: job.completed_at,
    error_code: job.error_code,
    ...(job.by_root ? { by_root: true } : {}),
  };
}
