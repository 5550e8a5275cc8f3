import {
  AGENT_ROUTES,
  HOST_JOB_EVENTS_PATH,
  isPatchError,
  MANAGER_ADMIN_ROUTES,
  messageOf,
  type Route,
  readBody,
} from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { z } from 'zod';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { AgentCall, FleetClient } from '../fleet-client/client.ts';
import { watchJob } from '../fleet-client/watch-job.ts';
import { bodyOf, serveRoute } from '../http/app.ts';
import type { ManagerEnv } from '../http/node-adapter.ts';
import { addressOf, type HostStore } from './store.ts';

export interface HostRouteSources {
  readonly hosts: HostStore;
  readonly fleet: FleetClient;
  readonly audit: AuditLog;
  readonly db: Database;
  readonly clock: Clock;
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
    await sources.hosts.note(host.id, undefined);
    return data;
  } catch (error) {
    if (isPatchError(error, 'AGENT_UNREACHABLE')) await sources.hosts.note(host.id, messageOf(error));
    throw error;
  }
}

function queryOf(context: Context<ManagerEnv>): URLSearchParams {
  return new URL(context.req.url).searchParams;
}

/** The fleet, and what is asked of its hosts. */
export function serveHostRoutes(app: Hono<ManagerEnv>, sources: HostRouteSources): void {
  const server = { app, clock: sources.clock };
  const { hosts } = sources;
  serveRoute(server, MANAGER_ADMIN_ROUTES.listHosts, async () => {
    const list = await hosts.list();
    return { hosts: list, total: list.length };
  });
  serveRoute(server, MANAGER_ADMIN_ROUTES.getHost, async ({ parameter }) =>
    hosts.view(await hosts.get(parameter('id'))),
  );
  serveRoute(server, MANAGER_ADMIN_ROUTES.changeHost, async ({ parameter, body }) => {
    const host = await hosts.get(parameter('id'));
    await sources.audit.record(sources.db, {
      actor: 'admin',
      event: 'host_changed',
      fields: { host: host.id, fqdn: host.fqdn, ...body },
    });
    return hosts.view(await hosts.change(host, body));
  });
  serveRoute(server, MANAGER_ADMIN_ROUTES.hostPackages, ({ parameter, context }) =>
    callHost(sources, parameter('id'), AGENT_ROUTES.listPackages, {
      query: queryOf(context),
      signal: context.env.signal,
    }),
  );
  serveRoute(server, MANAGER_ADMIN_ROUTES.hostPatches, ({ parameter, context }) =>
    callHost(sources, parameter('id'), AGENT_ROUTES.listPatches, {
      query: queryOf(context),
      signal: context.env.signal,
    }),
  );
  serveRoute(server, MANAGER_ADMIN_ROUTES.hostJobs, ({ parameter, context }) =>
    callHost(sources, parameter('id'), AGENT_ROUTES.listJobs, {
      query: queryOf(context),
      signal: context.env.signal,
    }),
  );
  serveRoute(server, MANAGER_ADMIN_ROUTES.hostJob, ({ parameter, context }) =>
    callHost(sources, parameter('id'), AGENT_ROUTES.getJob, {
      params: { id: parameter('job') },
      signal: context.env.signal,
    }),
  );
  serveApply(app, sources);
  serveEvents(app, sources);
}

function serveApply(app: Hono<ManagerEnv>, sources: HostRouteSources): void {
  serveRoute(
    { app, clock: sources.clock },
    MANAGER_ADMIN_ROUTES.hostApply,
    async ({ parameter, context }) => {
      // Checked here, sent as it came: the agent reads the same schema.
      readBody(MANAGER_ADMIN_ROUTES.hostApply, bodyOf(context));
      const body: unknown = JSON.parse(context.env.bodyText);
      const accepted = await callHost(sources, parameter('id'), AGENT_ROUTES.applyPatches, {
        body,
        signal: context.env.signal,
      });
      await sources.audit.record(sources.db, {
        actor: 'admin',
        event: 'patches_applied',
        fields: { host: parameter('id'), job: accepted.job_id, request: body },
      });
      return accepted;
    },
  );
}

/** Server-sent events: `progress` frames, then one `end` or `failed`. */
function serveEvents(app: Hono<ManagerEnv>, sources: HostRouteSources): void {
  app.get(HOST_JOB_EVENTS_PATH.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
    const host = await sources.hosts.get(context.req.param('id') ?? '');
    const jobId = context.req.param('job') ?? '';
    const { signal } = context.env;
    return streamSSE(context, async (stream) => {
      try {
        const events = watchJob({
          client: sources.fleet,
          clock: sources.clock,
          agent: addressOf(host),
          jobId,
          signal,
        });
        for await (const event of events)
          await stream.writeSSE({ event: 'progress', data: JSON.stringify(event) });
        await stream.writeSSE({ event: 'end', data: '{}' });
      } catch (error) {
        const code = isPatchError(error) ? error.code : 'INTERNAL_ERROR';
        await stream.writeSSE({ event: 'failed', data: JSON.stringify({ code, message: messageOf(error) }) });
      }
    });
  });
}
