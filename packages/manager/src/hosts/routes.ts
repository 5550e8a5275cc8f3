import { AGENT_ROUTES, ApplyRequest, MANAGER_ADMIN_ROUTES, PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import { inTransaction } from '../database/transactions.ts';
import type { HostJobs } from '../host-jobs/host-jobs.ts';
import type { ManagerRequest } from '../http/manager-request.ts';
import type { Routes } from '../http/routes.ts';
import type { LiveAnswers } from '../inventory/live-answers.ts';
import { factsOfPackages, factsOfPlan, factsOfUpdates } from '../inventory/live-facts.ts';
import { reachOf } from '../reach/reach.ts';
import { requireWithin } from '../reach/within.ts';
import { askChange, callHost, type HostSources } from './ask-host.ts';
import { changeLabels } from './labels.ts';
import { askListing, askPlan } from './listing.ts';
import { serveJobEvents } from './routes-events.ts';

export interface HostRouteSources extends HostSources {
  readonly jobs: Pick<HostJobs, 'ask'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

function queryOf({ search }: ManagerRequest): URLSearchParams {
  return new URLSearchParams(search);
}

/** The fleet, and what is asked of its hosts. */
export function serveHostRoutes(routes: Routes, sources: HostRouteSources, live: LiveAnswers): void {
  const { hosts } = sources;
  routes.serve(MANAGER_ADMIN_ROUTES.listHosts, async ({ query, request, sees, actor }) => {
    const list = await hosts.list(sees, query.hosts, request.signal);
    if (query.may !== undefined)
      await requireWithin(
        sources.db,
        reachOf(actor, query.may),
        list.map(({ id }) => id),
      );
    return { hosts: list, total: list.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.getHost, async ({ parameter }) =>
    hosts.view(await hosts.get(parameter('id'))),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.changeHost, async ({ parameter, body, actor }) => {
    const host = await hosts.get(parameter('id'));
    await sources.audit.record(sources.db, {
      actor: actor.name,
      event: 'host_changed',
      fields: { host: host.id, fqdn: host.fqdn, ...body },
    });
    return hosts.view(await hosts.change(host, body));
  });
  routes.serve(MANAGER_ADMIN_ROUTES.labelHost, async ({ parameter, body, actor, reach }) => {
    const host = await hosts.get(parameter('id'));
    await inTransaction(sources.db, (db) =>
      changeLabels(sources.audit, db, host, { ...body, reach, by: actor }),
    );
    return hosts.view(host);
  });
  serveQuestions(routes, sources, live);
  routes.serve(MANAGER_ADMIN_ROUTES.hostSystem, ({ parameter, request }) =>
    callHost(sources, parameter('id'), AGENT_ROUTES.systemInfo, { signal: request.signal }),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.hostJobs, ({ parameter, request }) =>
    callHost(sources, parameter('id'), AGENT_ROUTES.listJobs, {
      query: queryOf(request),
      signal: request.signal,
    }),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.hostJob, ({ parameter, request }) =>
    callHost(sources, parameter('id'), AGENT_ROUTES.getJob, {
      params: { id: parameter('job') },
      signal: request.signal,
    }),
  );
  serveApply(routes, sources);
  serveCancel(routes, sources);
  serveJobEvents(routes, sources);
}

/** What a host has, what waits on it and what would be done, by its own words of now. */
function serveQuestions(routes: Routes, sources: HostRouteSources, live: LiveAnswers): void {
  const { hosts } = sources;
  routes.serve(MANAGER_ADMIN_ROUTES.hostPackages, async ({ parameter, request }) => {
    const { id } = await hosts.get(parameter('id'));
    const list = await askListing(queryOf(request), parameter('id'), (call) =>
      callHost(sources, id, AGENT_ROUTES.listPackages, { ...call, signal: request.signal }),
    );
    live.heard(id, factsOfPackages(list));
    return list;
  });
  routes.serve(MANAGER_ADMIN_ROUTES.hostPatches, async ({ parameter, request }) => {
    const { id } = await hosts.get(parameter('id'));
    const query = queryOf(request);
    const list = await askListing(query, parameter('id'), (call) =>
      callHost(sources, id, AGENT_ROUTES.listPatches, { ...call, signal: request.signal }),
    );
    live.heard(id, factsOfUpdates(list, query));
    return list;
  });
  routes.serve(MANAGER_ADMIN_ROUTES.hostPlan, async ({ parameter, bodyText, request }) => {
    const { id } = await hosts.get(parameter('id'));
    // Checked by the route, sent as it came: the agent reads the same schema.
    const body: unknown = JSON.parse(bodyText);
    const plan = await askPlan(queryOf(request), parameter('id'), (call) =>
      callHost(sources, id, AGENT_ROUTES.planPatches, { ...call, body, signal: request.signal }),
    );
    live.heard(id, factsOfPlan(plan, ApplyRequest.parse(body)));
    return plan;
  });
}

function serveApply(routes: Routes, { hosts, jobs }: HostRouteSources): void {
  routes.serve(MANAGER_ADMIN_ROUTES.hostApply, async ({ parameter, headers, bodyText, actor }) => {
    const host = await hosts.get(parameter('id'));
    // Checked by the route, sent as it came: the agent reads the same schema.
    const body: unknown = JSON.parse(bodyText);
    const key = headers['Idempotency-Key'];
    return jobs.ask(host, { route: 'applyPatches', body }, { actor: actor.name, key });
  });
}

/** Only what waits or runs: of a job that has ended the agent would take the record away. */
function serveCancel(routes: Routes, sources: HostRouteSources): void {
  routes.serve(MANAGER_ADMIN_ROUTES.cancelHostJob, async ({ parameter, request, actor }) => {
    const host = await sources.hosts.get(parameter('id'));
    const params = { id: parameter('job') };
    const { signal } = request;
    const job = await callHost(sources, host.id, AGENT_ROUTES.getJob, { params, signal });
    if (job.completed_at !== null)
      throw new PatchError(
        'JOB_CONFLICT',
        `The job ${job.job_id} of ${host.fqdn} has ended (${job.status}); there is nothing to cancel.`,
      );
    const fields = { host: host.id, fqdn: host.fqdn, job: job.job_id };
    await sources.audit.record(sources.db, { actor: actor.name, event: 'job_cancel_requested', fields });
    return askChange(sources, host, AGENT_ROUTES.deleteJob, { params, signal });
  });
}
