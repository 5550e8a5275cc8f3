import { AGENT_ROUTES, MANAGER_ADMIN_ROUTES, readPathParameter, ServiceUnit } from '@linux-patch/contract';
import type { Routes } from '../http/routes.ts';
import { callHost } from './ask-host.ts';
import type { HostRouteSources } from './routes.ts';

/** Services of a host, and their restart. */
export function serveHostServiceRoutes(routes: Routes, sources: HostRouteSources): void {
  routes.serve(MANAGER_ADMIN_ROUTES.hostServices, ({ parameter, query, request: { signal } }) =>
    callHost(sources, parameter('id'), AGENT_ROUTES.listServices, {
      query: new URLSearchParams(query.outdated ? { outdated: 'true' } : {}),
      signal,
    }),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.hostService, ({ parameter, request: { signal } }) =>
    callHost(sources, parameter('id'), AGENT_ROUTES.serviceState, {
      params: { name: nameOf(parameter) },
      signal,
    }),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.hostServiceRestart, async ({ parameter, headers, actor }) => {
    const order = { route: 'restartService', name: nameOf(parameter) } as const;
    const host = await sources.hosts.get(parameter('id'));
    return sources.jobs.ask(host, order, { actor: actor.name, key: headers['Idempotency-Key'] });
  });
}

function nameOf(parameter: (name: string) => string): string {
  return readPathParameter(ServiceUnit, 'name', parameter('name'));
}
