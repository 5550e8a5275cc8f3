import { auditedRequest } from '@linux-patch/runtime';
import { isFinished } from '@linux-patch/worker';
import type { AuditLog } from '../audit/audit-log.ts';
import type { JobEvents } from './events.ts';

/** Records how each job ended and what it changed, once. */
export function auditJobs(events: JobEvents, audit: Pick<AuditLog, 'record'>): Disposable {
  return events.subscribe(({ job }) => {
    if (!isFinished(job)) return;
    const { job_id, operation, state, message, error_code, results } = job;
    const fields = { job: job_id, operation, state, message, error_code: error_code ?? undefined, results };
    audit.record('job_ended', auditedRequest(fields));
  });
}
