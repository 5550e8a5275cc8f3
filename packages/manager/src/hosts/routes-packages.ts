import {
  AGENT_ROUTES,
  type HostInventory,
  MANAGER_ADMIN_ROUTES,
  PackageName,
  readPathParameter,
} from '@linux-patch/contract';
import { z } from 'zod';
import type { HostRow } from '../database/schema.ts';
import type { JobOrder } from '../host-jobs/order.ts';
import type { Routes } from '../http/routes.ts';
import type { LiveAnswers } from '../inventory/live-answers.ts';
import { factsOfPlan } from '../inventory/live-facts.ts';
import { callHost } from './ask-host.ts';
import { askListing, askPlan } from './listing.ts';
import type { HostRouteSources } from './routes.ts';

/** What becomes of the records of a host that was asked. */
export interface HostRecords {
  /** Lists a host anew and says how it fares. */
  readonly listAnew: (host: HostRow, signal: AbortSignal) => Promise<HostInventory>;
  readonly live: LiveAnswers;
}

/** Changes of packages that are named, and what they would do. */
export function serveHostPackageRoutes(
  routes: Routes,
  sources: HostRouteSources,
  records: HostRecords,
): void {
  serveChanges(routes, sources);
  routes.serve(MANAGER_ADMIN_ROUTES.hostPackagePlan, async ({ parameter, bodyText, query, request }) => {
    const { id } = await sources.hosts.get(parameter('id'));
    const asked = new URLSearchParams(query.refresh ? { refresh: 'true' } : {});
    const plan = await askPlan(asked, parameter('id'), (call) =>
      callHost(sources, id, AGENT_ROUTES.planPackages, {
        ...call,
        // Checked by the route, sent as it came: the agent reads the same schema.
        body: JSON.parse(bodyText) as unknown,
        signal: request.signal,
      }),
    );
    records.live.heard(id, factsOfPlan(plan));
    return plan;
  });
  routes.serve(MANAGER_ADMIN_ROUTES.hostRefresh, async ({ parameter, request: { signal } }) => {
    const host = await sources.hosts.get(parameter('id'));
    const query = new URLSearchParams({ refresh: 'true', limit: '1' });
    await askListing(query, host.fqdn, (call) =>
      callHost(sources, host.id, AGENT_ROUTES.listPatches, { ...call, signal }),
    );
    return records.listAnew(host, signal);
  });
}

function serveChanges(routes: Routes, { hosts, jobs }: HostRouteSources): void {
  const { hostInstall, hostRemove, hostHold, hostUnhold, hostRollback } = MANAGER_ADMIN_ROUTES;
  const ask = async (
    id: string,
    order: JobOrder,
    by: { readonly actor: { readonly name: string }; readonly key: string | undefined },
  ) => jobs.ask(await hosts.get(id), order, { actor: by.actor.name, key: by.key });
  const bodied = [
    [hostInstall, 'installPackages'],
    [hostHold, 'holdPackages'],
    [hostUnhold, 'unholdPackages'],
  ] as const;
  for (const [served, route] of bodied)
    routes.serve(served, ({ parameter, headers, bodyText, actor }) => {
      const body: unknown = JSON.parse(bodyText);
      return ask(parameter('id'), { route, body }, { actor, key: headers['Idempotency-Key'] });
    });
  routes.serve(hostRemove, ({ parameter, headers, query, actor }) => {
    const name = readPathParameter(PackageName, 'name', parameter('name'));
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const order: JobOrder = {
      route: 'removePackage',
      name,
      query: Object.fromEntries(given),
      body: undefined,
    };
    return ask(parameter('id'), order, { actor, key: headers['Idempotency-Key'] });
  });
  routes.serve(hostRollback, ({ parameter, headers, bodyText, actor }) => {
    const name = readPathParameter(z.uuid('a job id is a UUID'), 'job', parameter('job')).toLowerCase();
    const body: unknown = bodyText === '' ? {} : JSON.parse(bodyText);
    return ask(
      parameter('id'),
      { route: 'rollbackJob', name, body },
      { actor, key: headers['Idempotency-Key'] },
    );
  });
}
