import { AGENT_ROUTES, type Health, METRICS_MEDIA_TYPE } from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import { type HealthSources, healthOf } from '../../health/report.ts';
import { collectAgentMetrics, type MetricSources } from '../../metrics/collect.ts';
import type { RouteServer } from '../agent-request.ts';
import { serveRoute } from '../serve-route.ts';

/** `/health` and `/api/v1/health`: always 200, never waits for a refresh. */
export function serveHealth(server: RouteServer, sources: HealthSources): void {
  const answer = async (): Promise<Health> => {
    const health = await healthOf(sources, server.clock);
    sources.refreshInBackground();
    return health;
  };
  serveRoute(server, AGENT_ROUTES.rootHealth, answer);
  serveRoute(server, AGENT_ROUTES.health, answer);
}

/** `/metrics`: text without the envelope, as Prometheus reads it. */
export function serveMetrics(
  { app, clock }: RouteServer,
  health: HealthSources,
  sources: MetricSources,
): void {
  app.serve(AGENT_ROUTES.metrics, async () =>
    answerWith(await collectAgentMetrics(health, sources, clock), {
      headers: { 'Content-Type': METRICS_MEDIA_TYPE },
    }),
  );
}
