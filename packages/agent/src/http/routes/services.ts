import { AGENT_ROUTES, type ServiceList } from '@linux-patch/contract';
import type { RouteServer } from '../agent-request.ts';
import { serveRoute } from '../serve-route.ts';

export interface ServiceSources {
  /** Of every service of which a process runs. @throws PatchError when the worker cannot say */
  readonly listServices: (signal: AbortSignal) => Promise<ServiceList>;
}

/** `/api/v1/system/services`. */
export function serveServices(server: RouteServer, { listServices }: ServiceSources): void {
  serveRoute(server, AGENT_ROUTES.listServices, async ({ query, signal }) => {
    const list = await listServices(signal);
    if (!query.outdated) return list;
    // What is not known to be current is not left out.
    return { ...list, services: list.services.filter((one) => one.old_code !== 'no') };
  });
}
