import type { JobAccepted, Route } from '@linux-patch/contract';
import { dataAnswer } from '@linux-patch/http';
import type { JobCore, JobRequest } from '@linux-patch/worker';
import { type AskedChange, refusalError } from '../jobs/change-intake.ts';
import type { RouteServer } from './agent-request.ts';
import { readInput } from './serve-route.ts';
import { noteVerdict, passedChange } from './signed-changes.ts';

/** What is looked at beside the worker's verdict. */
export interface ChangeLooks {
  /** Runs before anything else is looked at. */
  readonly checkPath?: (parameter: (name: string) => string) => void;
  /** Looks at a change that the worker accepts. */
  readonly check?: (request: JobRequest) => Promise<void>;
}

/**
 * Serves a route whose requests become jobs. The worker has the bytes before they are parsed here, which is for the audit log
 * alone; a request that its caller repeats under one key is the job that it was before, whatever has become of it.
 */
export function serveChange<R extends Route>(
  { app, clock, intake, names }: RouteServer,
  route: R,
  { checkPath, check }: ChangeLooks = {},
): void {
  app.serve(route, async (exchange) => {
    const { request, parameters } = exchange;
    checkPath?.((name) => parameters[name] ?? '');
    const known: { asked?: AskedChange } = {};
    const { requestId } = await readInput(route, exchange, async (unparsed) => {
      const asked = await intake.ask(passedChange(request, unparsed, names()));
      const { verdict } = asked;
      noteVerdict(request, verdict);
      // What was refused for its signature is not looked at here either.
      if (verdict.kind === 'refused' && verdict.operation === undefined) throw refusalError(verdict);
      known.asked = asked;
    });
    const job = await intake.take(known.asked as AskedChange, check);
    request.trail.jobId = job.job_id;
    return dataAnswer(route, acceptedAnswer(job), { requestId, clock });
  });
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
