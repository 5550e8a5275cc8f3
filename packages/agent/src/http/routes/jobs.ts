import { AGENT_ROUTES, compareText, type Job, type JobQuery, readPathParameter } from '@linux-patch/contract';
import { isFinished, type JobCore } from '@linux-patch/worker';
import { z } from 'zod';
import { refusalError } from '../../jobs/change-intake.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { summaryOf } from '../../jobs/summary.ts';
import { pageOf } from '../../listings/paging.ts';
import type { AgentRequest, RouteServer } from '../agent-request.ts';
import { serveChange } from '../serve-change.ts';
import { serveRoute } from '../serve-route.ts';
import { noteVerdict, passedChange } from '../signed-changes.ts';

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
    async ({ parameter, request, line }) => {
      const id = idOf(parameter);
      const job = jobs.find(id);
      // Whoever stops a package manager at its work changes packages.
      if (job && !isFinished(job)) await cancelAtWorker(server, request, line);
      return jobs.cancelOrDelete(id);
    },
    idOf,
  );
  serveChange(server, AGENT_ROUTES.rollbackJob, { checkPath: idOf });
}

/** @throws PatchError what the worker refuses it with */
async function cancelAtWorker(
  { intake, names }: RouteServer,
  request: AgentRequest,
  line: string,
): Promise<void> {
  const verdict = await intake.cancel(passedChange(request, { line, bodyBytes: new Uint8Array() }, names()));
  noteVerdict(request, verdict);
  if (verdict.kind === 'refused') throw refusalError(verdict);
}

/** The id of a job in a path. @throws PatchError `INVALID_REQUEST` */
export function idOf(parameter: (name: string) => string): string {
  return readPathParameter(z.uuid('a job id is a UUID'), 'id', parameter('id')).toLowerCase();
}

function matches(job: JobCore, query: JobQuery): boolean {
  if (query.operation !== undefined && job.operation !== query.operation) return false;
  if (query.status === undefined) return true;
  return query.status === 'timeout' ? job.state === 'timed_out' : job.status === query.status;
}
