import type { IdentityHealth } from '../health/identity.ts';
import { readHostFacts } from '../host/facts.ts';
import { createAgentApp } from '../http/app.ts';
import type { IdentityService } from '../identity/service.ts';
import type { AgentContext } from './agent-context.ts';
import { enrollmentSummary } from './enrolling.ts';
import type { OwnInstallation } from './installation.ts';
import type { Work } from './work.ts';

const REFRESH_WAIT_MS = 100_000;

/** How long a request waits for a refresh: less than the listener gives a client that hears nothing (four times the limit). */
function refreshWaitMs(timeoutMs: number): number {
  return Math.min(REFRESH_WAIT_MS, timeoutMs * 3);
}

/** What is served, from the parts of a running agent. */
export function composeApp(
  context: Pick<AgentContext, 'host' | 'settings' | 'enrollment' | 'time' | 'report' | 'program'>,
  { state, inventory, jobs, intake, lists: { cache, refresher }, services }: Work,
  served: {
    readonly health: () => IdentityHealth;
    readonly identity: IdentityService | undefined;
    readonly installation: OwnInstallation;
    readonly refreshInBackground: () => void;
  },
) {
  const { clock, random } = context.time;
  const { logger, audit, counters } = context.report;
  const { config } = context.settings;
  return createAgentApp(
    {
      health: {
        installation: served.installation,
        jobs,
        cache,
        identity: served.health,
        packageHealth: state.health,
        refreshInBackground: served.refreshInBackground,
        startedMonotonicMs: clock.monotonicMs(),
      },
      metrics: {
        counters,
        processUsage: context.program.usage,
        enrollmentState: async () => (await enrollmentSummary(context))?.state,
      },
      hostFacts: () => readHostFacts(context.host),
      listings: {
        inventory,
        cache,
        refreshNow: () => refresher.refreshNow(refreshWaitMs(config.server.timeoutMs)),
      },
      services,
      jobs,
      identity: served.identity,
    },
    {
      clock,
      random,
      logger,
      audit,
      intake,
      names: served.installation.names,
      rateLimits: config.rate_limit,
    },
  );
}
