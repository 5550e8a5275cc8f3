import {
  AGENT_ROUTES,
  isPatchError,
  type JobAccepted,
  MANAGER_ADMIN_ROUTES,
  messageOf,
  PatchError,
  type Route,
} from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { z } from 'zod';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import type { AgentCall, FleetClient } from '../fleet-client/client.ts';
import { HEALTH_OF_ANY_AGENT } from '../fleet-watch/health-report.ts';
import type { JobKeyOffers } from '../fleet-watch/offer-job-key.ts';
import type { ManagerRequest } from '../http/manager-request.ts';
import type { Routes } from '../http/routes.ts';
import type { JobFollower } from '../inventory/follow-jobs.ts';
import { lastInstance } from './last-instance.ts';
import { askListing, askPlan } from './listing.ts';
import { serveJobEvents } from './routes-events.ts';
import { addressOf, type HostStore } from './store.ts';

export interface HostRouteSources {
  readonly hosts: HostStore;
  readonly fleet: FleetClient;
  readonly jobKeys: JobKeyOffers;
  readonly startedJobs: Pick<JobFollower, 'noteStarted'>;
  readonly audit: AuditLog;
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Whether a host was reached is worth a note, and no answer: what the host has said or begun counts. */
async function note(sources: HostRouteSources, hostId: string, error: string | undefined): Promise<void> {
  await sources.hosts
    .note(hostId, error)
    .catch((fault: unknown) =>
      sources.logger.error('Whether a host was reached could not be kept', { host: hostId, error: fault }),
    );
}

/** Calls a host's agent and notes whether it could be reached. */
async function callHost<R extends Route>(
  sources: HostRouteSources,
  reference: string,
  route: R,
  call: AgentCall,
): Promise<z.output<R['response']>> {
  const host = await sources.hosts.get(reference);
  try {
    const data = await sources.fleet.call(addressOf(host), route, call);
    await note(sources, host.id, undefined);
    return data;
  } catch (error) {
    if (isPatchError(error, 'AGENT_UNREACHABLE')) await note(sources, host.id, messageOf(error));
    throw error;
  }
}

function queryOf({ search }: ManagerRequest): URLSearchParams {
  return new URLSearchParams(search);
}

/** The fleet, and what is asked of its hosts. */
export function serveHostRoutes(routes: Routes, sources: HostRouteSources): void {
  const { hosts } = sources;
  routes.serve(MANAGER_ADMIN_ROUTES.listHosts, async () => {
    const list = await hosts.list();
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
  routes.serve(MANAGER_ADMIN_ROUTES.hostPackages, ({ parameter, request }) =>
    askListing(queryOf(request), parameter('id'), (call) =>
      callHost(sources, parameter('id'), AGENT_ROUTES.listPackages, { ...call, signal: request.signal }),
    ),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.hostPatches, ({ parameter, request }) =>
    askListing(queryOf(request), parameter('id'), (call) =>
      callHost(sources, parameter('id'), AGENT_ROUTES.listPatches, { ...call, signal: request.signal }),
    ),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.hostPlan, ({ parameter, bodyText, request }) =>
    askPlan(queryOf(request), parameter('id'), (call) =>
      callHost(sources, parameter('id'), AGENT_ROUTES.planPatches, {
        ...call,
        // Checked by the route, sent as it came: the agent reads the same schema.
        body: JSON.parse(bodyText) as unknown,
        signal: request.signal,
      }),
    ),
  );
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
  serveJobEvents(routes, sources);
}

function serveApply(routes: Routes, sources: HostRouteSources): void {
  routes.serve(
    MANAGER_ADMIN_ROUTES.hostApply,
    async ({ parameter, headers, bodyText, request, actor: { name: actor } }) => {
      // Checked by the route, sent as it came: the agent reads the same schema.
      const body: unknown = JSON.parse(bodyText);
      const host = await sources.hosts.get(parameter('id'));
      const fields = { host: host.id, fqdn: host.fqdn, request: body };
      // What cannot be recorded is not started.
      await sources.audit.record(sources.db, { actor, event: 'patches_requested', fields });
      const { signal } = request;
      const instanceId = await instanceOf(sources, host, signal);
      const idempotencyKey = headers['Idempotency-Key'];
      const accepted = await applyOn(sources, host, { body, idempotencyKey, instanceId, signal });
      const job = { ...fields, job: accepted.job_id };
      await sources.audit
        .record(sources.db, { actor, event: 'patches_applied', fields: job })
        // It runs already, and that it was asked for is on record: the caller has to hear of its job.
        .catch((error: unknown) =>
          sources.logger.error('That a job was started is not in the audit log', { ...job, error }),
        );
      await sources.startedJobs
        .noteStarted(host.id, accepted.job_id)
        .catch((error: unknown) =>
          sources.logger.error('What a job changes will count as done by somebody else', { ...job, error }),
        );
      return accepted;
    },
  );
}

/** The instance that is meant; a host that joined just now is asked. */
async function instanceOf(
  sources: HostRouteSources,
  host: HostRow,
  signal: AbortSignal,
): Promise<string | undefined> {
  const last = await lastInstance(sources.db, host.id);
  if (last !== undefined) return last.instanceId;
  return (await callHost(sources, host.id, HEALTH_OF_ANY_AGENT, { signal })).instance_id;
}

type ApplyCall = AgentCall & { readonly signal: AbortSignal };

/** Asks for the change, once more when the host refused it for its signature and something about that was mended. */
async function applyOn(sources: HostRouteSources, host: HostRow, call: ApplyCall): Promise<JobAccepted> {
  const apply = (one: ApplyCall) => callHost(sources, host.id, AGENT_ROUTES.applyPatches, one);
  try {
    return await apply(call);
  } catch (error) {
    if (isPatchError(error, 'INSTANCE_MISMATCH')) throw otherInstance(host, error);
    if (!isPatchError(error, 'SIGNATURE_INVALID', 'SIGNATURE_REQUIRED')) throw error;
    const mended = await mendSignature(sources, host, call);
    if (!mended) throw error;
    return apply(mended);
  }
}

/**
 * A host that pins an earlier job key of this manager hears of the present one; of one whose agent was upgraded since it was
 * asked last, its instance is known now. Undefined when neither is the reason.
 */
async function mendSignature(
  sources: HostRouteSources,
  host: HostRow,
  call: ApplyCall,
): Promise<ApplyCall | undefined> {
  const { signal } = call;
  const said = await callHost(sources, host.id, HEALTH_OF_ANY_AGENT, { signal });
  const now = await sources.jobKeys.offer(host, said, signal);
  const instanceId = call.instanceId ?? said.instance_id;
  const isOther = now.job_key?.pinned !== said.job_key?.pinned || instanceId !== call.instanceId;
  return isOther ? { ...call, instanceId } : undefined;
}

function otherInstance({ fqdn }: HostRow, cause: PatchError): PatchError {
  return new PatchError(
    'INSTANCE_MISMATCH',
    `What answers as ${fqdn} is not the installation that this manager saw last: the host was set up anew, its disk was copied, or another ` +
      'machine has its address. Nothing was done. Look at that host; after the next round over the fleet (fleet.poll_minutes) this manager means the new one.',
    { cause, details: cause.details },
  );
}
