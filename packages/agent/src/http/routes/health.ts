import { AGENT_ROUTES, type Health } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import { type HealthSources, healthOf } from '../../health/report.ts';
import type { AgentEnv } from '../agent-env.ts';
import { serveRoute } from '../serve-route.ts';

/** `/health` and `/api/v1/health`: always 200, never waits for a refresh. */
export function serveHealth(
  server: { readonly app: Hono<AgentEnv>; readonly clock: Clock },
  sources: HealthSources,
): void {
  const answer = async (): Promise<Health> => {
    const health = await healthOf(sources, server.clock);
    sources.refreshInBackground();
    return health;
  };
  serveRoute(server, AGENT_ROUTES.rootHealth, answer);
  serveRoute(server, AGENT_ROUTES.health, answer);
}
