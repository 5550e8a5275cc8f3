import {
  AGENT_ROUTES,
  compareText,
  type Job,
  type JobAccepted,
  type JobQuery,
  type JobSummary,
  readPathParameter,
} from '@linux-patch/contract';
import { type Admission, type JobCore, type JobRequest } from '@linux-patch/worker';
import { z } from 'zod';
import { nameRequest } from '../../jobs/idempotency.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { type RouteServer } from '../agent-request.ts';
import { serveRoute } from '../serve-route.ts';
import { pageOf } from './paging.ts';

/** What a job route has read. */
interface JobInput {
  readonly headers: { readonly 'Idempotency-Key'?: string | undefined };
  readonly line: string;
  readonly bodyText: string;
  readonly admission: Admission;
}

/**
 * Accepts a job; a request that its caller repeats under one key is the job that it was before, whatever has become of it.
 * @param requestOf what to do; not asked for a repetition
 */
export async function acceptJob(
  jobs: JobQueue,
  input: JobInput,
  requestOf: () => JobRequest | Promise<JobRequest>,
): Promise<JobAccepted> {
  const key = input.headers['Idempotency-Key'];
  const named = key === undefined ? undefined : nameRequest(key, input);
  const earlier = named && (await jobs.findNamed(named));
  if (earlier) return acceptedAnswer(earlier);
  await input.admission.spend();
  return acceptedAnswer(await jobs.submit(await requestOf(), named, input.admission.signedBy));
}

/** The 202 of an accepted job; its first status is always `pending`. */
function acceptedAnswer(job: JobCore): JobAccepted {
  const single = job.operation === 'update' || job.operation === 'remove';
  return {
    job_id: job.job_id,
    status: 'pending',
    operation: job.operation,
    packages: [...job.packages],
    package: single ? (job.packages[0] ?? null) : null,
  };
}

/** `/api/v1/jobs`. */
export function serveJobs(server: RouteServer, jobs: JobQueue): void {
  serveRoute(server, AGENT_ROUTES.listJobs, ({ query }) => {
    // The order of arrival settles ties, so listings are stable.
    const arrival = new Map(jobs.list().map((job, index) => [job.job_id, -index]));
    const key = query.sort ?? 'created_at';
    const matching = jobs.list().filter((job) => matches(job, query));
    const page = pageOf(matching, { ...query, order: query.order ?? 'desc' }, (a, b) => {
      const first = arrival.get(a.job_id) ?? 0;
      return compareText(a[key], b[key]) || first - (arrival.get(b.job_id) ?? 0);
    });
    return { jobs: page.items.map(summaryOf), total: page.total, limit: page.limit, offset: page.offset };
  });
  serveRoute(server, AGENT_ROUTES.getJob, ({ parameter }): Promise<Job> => jobs.get(idOf(parameter)), idOf);
  serveRoute(
    server,
    AGENT_ROUTES.deleteJob,
    async ({ parameter, admission }) => {
      const id = idOf(parameter);
      // Whoever stops a package manager at its work changes packages.
      if (jobs.find(id)?.state === 'running') await admission.spend();
      return jobs.cancelOrDelete(id);
    },
    idOf,
  );
}

function idOf(parameter: (name: string) => string): string {
  return readPathParameter(z.uuid('a job id is a UUID'), 'id', parameter('id')).toLowerCase();
}

function matches(job: JobCore, query: JobQuery): boolean {
  if (query.operation !== undefined && job.operation !== query.operation) return false;
  if (query.status === undefined) return true;
  return query.status === 'timeout' ? job.state === 'timed_out' : job.status === query.status;
}

function summaryOf(job: JobCore): JobSummary {
  return {
    job_id: job.job_id,
    operation: job.operation,
    status: job.status,
    state: job.state,
    progress_percent: job.progress_percent,
    message: job.message,
    packages: job.packages,
    created_at: job.created_at,
    completed_at: job.completed_at,
    error_code: job.error_code,
  };
}
