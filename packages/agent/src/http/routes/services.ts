import {
  AGENT_ROUTES,
  readPathParameter,
  type ServiceList,
  type ServiceState,
  ServiceUnit,
} from '@linux-patch/contract';
import type { RouteServer } from '../agent-request.ts';
import { serveChange } from '../serve-change.ts';
import { serveRoute } from '../serve-route.ts';

export interface ServiceSources {
  /** Of every service of which a process runs. @throws PatchError when the worker cannot say */
  readonly listServices: (signal: AbortSignal) => Promise<ServiceList>;
  /** @throws PatchError also for a service that there is not */
  readonly serviceState: (name: string, signal: AbortSignal) => Promise<ServiceState>;
}

/** `/api/v1/system/services` and what is below it. */
export function serveServices(server: RouteServer, { listServices, serviceState }: ServiceSources): void {
  serveRoute(server, AGENT_ROUTES.listServices, async ({ query, signal }) => {
    const list = await listServices(signal);
    if (!query.outdated) return list;
    // What is not known to be current is not left out.
    return { ...list, services: list.services.filter((one) => one.old_code !== 'no') };
  });
  serveRoute(
    server,
    AGENT_ROUTES.serviceState,
    ({ parameter, signal }) => serviceState(nameOf(parameter), signal),
    nameOf,
  );
  serveChange(server, AGENT_ROUTES.restartService, { checkPath: nameOf });
}

/** Names are checked before anything else is looked at. */
function nameOf(parameter: (name: string) => string): string {
  return readPathParameter(ServiceUnit, 'name', parameter('name'));
}
