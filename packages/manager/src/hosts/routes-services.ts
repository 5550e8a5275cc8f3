import { AGENT_ROUTES, MANAGER_ADMIN_ROUTES, readPathParameter, ServiceUnit } from '@linux-patch/contract';
import type { JobOrder } from '../host-jobs/order.ts';
import type { Routes } from '../http/routes.ts';
import { callHost } from './ask-host.ts';
import type { HostRouteSources } from './routes.ts';

/** Services of a host, their restart, and that of the host itself. */
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
  const askFor = async (order: JobOrder, { parameter, headers, actor }: Asking) =>
    sources.jobs.ask(await sources.hosts.get(parameter('id')), order, {
      actor: actor.name,
      key: headers['Idempotency-Key'],
    });
  routes.serve(MANAGER_ADMIN_ROUTES.hostServiceRestart, (asking) =>
    askFor({ route: 'restartService', name: nameOf(asking.parameter) }, asking),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.hostReboot, (asking) => {
    const body: unknown = asking.bodyText === '' ? undefined : JSON.parse(asking.bodyText);
    return askFor({ route: 'rebootHost', body }, asking);
  });
  routes.serve(MANAGER_ADMIN_ROUTES.hostCancelReboot, (asking) => askFor({ route: 'cancelReboot' }, asking));
}

interface Asking {
  readonly parameter: (name: string) => string;
  readonly headers: { readonly 'Idempotency-Key'?: string | undefined };
  readonly actor: { readonly name: string };
}

function nameOf(parameter: (name: string) => string): string {
  return readPathParameter(ServiceUnit, 'name', parameter('name'));
}
