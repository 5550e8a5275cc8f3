import { AGENT_ROUTES, METRICS_MEDIA_TYPE } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import { collectAgentMetrics, type MetricSources } from '../../metrics/collect.ts';
import type { AgentEnv } from '../agent-env.ts';

/** `/metrics`: text without the envelope, as Prometheus reads it. */
export function serveMetrics(
  server: { readonly app: Hono<AgentEnv>; readonly clock: Clock },
  sources: MetricSources,
): void {
  server.app.get(AGENT_ROUTES.metrics.path, async (context) =>
    context.body(await collectAgentMetrics(sources, server.clock), 200, {
      'Content-Type': METRICS_MEDIA_TYPE,
    }),
  );
}
