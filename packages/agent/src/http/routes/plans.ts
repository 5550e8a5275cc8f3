import { AGENT_ROUTES, type PlanQuery, planApply } from '@linux-patch/contract';
import type { PlanWaiting } from '@linux-patch/worker';
import { planPackages, planPatches } from '../../listings/plans.ts';
import { type RouteServer } from '../agent-request.ts';
import { serveRoute } from '../serve-route.ts';
import type { ServedListings } from '../served-listings.ts';

/** A refresh and the plan together: the listener gives up a client that hears nothing for two minutes. */
const ANSWER_WITHIN_MS = 115_000;

/** What changes would do: `/api/v1/packages/plan` and `/api/v1/patches/plan`. */
export function servePlans(server: RouteServer, sources: ServedListings): void {
  /** Refreshes when that is asked for; what is left of the time is for the plan. */
  const refreshed = async ({ refresh }: PlanQuery, signal: AbortSignal): Promise<PlanWaiting> => {
    const startedMs = server.clock.monotonicMs();
    if (refresh) await sources.refreshNow();
    return { signal, limitMs: ANSWER_WITHIN_MS - (server.clock.monotonicMs() - startedMs) };
  };
  serveRoute(server, AGENT_ROUTES.planPackages, async ({ query, body, signal }) =>
    planPackages(sources, body, await refreshed(query, signal)),
  );
  serveRoute(server, AGENT_ROUTES.planPatches, ({ query, body, signal }) =>
    planPatches(sources, planApply(body), { refreshed: () => refreshed(query, signal) }),
  );
}
