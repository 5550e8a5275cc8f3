import {
  AGENT_ROUTES,
  type AgentAuditEvent,
  createRouteLabel,
  createTally,
  type Reading,
  statusClass,
} from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';

/** What the agent counts while it runs. */
export interface AgentCounters {
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  /** Renewals that failed since the last one that succeeded. */
  readonly renewalFailing: number;
  countRequest(answered: { readonly method: string; readonly path: string; readonly status: number }): void;
  countRefusal(reason: string): void;
  countEvent(event: AgentAuditEvent): void;
  requests(): Reading<'method' | 'route' | 'status_class'>[];
  refusals(): Reading<'reason'>[];
  events(): Reading<'event'>[];
  renewals(): Reading<'result'>[];
}

export function createAgentCounters(clock: Clock): AgentCounters {
  const labelOf = createRouteLabel(Object.values(AGENT_ROUTES).map((route) => route.path));
  const requests = createTally<'method' | 'route' | 'status_class'>();
  const refusals = createTally<'reason'>();
  const events = createTally<'event'>();
  const startedAtMs = clock.now();
  let failing = 0;
  return {
    startedAtMs,
    get renewalFailing() {
      return failing;
    },
    countRequest: ({ method, path, status }) =>
      requests.add({ ...labelOf(method, path), status_class: statusClass(status) }),
    countRefusal: (reason) => refusals.add({ reason }),
    countEvent(event) {
      events.add({ event });
      if (event === 'identity_renewal_failed') failing += 1;
      if (event === 'identity_renewed' || event === 'identity_installed') failing = 0;
    },
    requests: () => requests.readings(),
    refusals: () => refusals.readings(),
    events: () => events.readings(),
    renewals: () => [
      { labels: { result: 'done' }, value: events.count({ event: 'identity_renewed' }) },
      { labels: { result: 'failed' }, value: events.count({ event: 'identity_renewal_failed' }) },
    ],
  };
}

/** The same log, whose events are counted. */
export function countedAudit(audit: AuditLog, counters: AgentCounters): AuditLog {
  return {
    record(event, details) {
      counters.countEvent(event);
      audit.record(event, details);
    },
    flush: () => audit.flush(),
    [Symbol.asyncDispose]: () => audit[Symbol.asyncDispose](),
  };
}
