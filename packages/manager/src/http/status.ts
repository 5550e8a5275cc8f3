import { MANAGER_ADMIN_ROUTES, VERSION } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Authority } from '../authority/authority.ts';
import { olderAgentRule } from '../config/older-agent-rule.ts';
import type { ManagerConfig } from '../config/schema.ts';
import type { ReadDatabase } from '../database/reader-threads/open-reads.ts';
import { countOlderHosts } from '../enrollment/older-agents.ts';
import type { Routes } from './routes.ts';

/** What this manager is, and what it looks after, in a few numbers. */
export function serveStatus(
  routes: Routes,
  options: {
    readonly config: ManagerConfig;
    readonly managerUrl: string;
    readonly clock: Clock;
    readonly database: ReadDatabase;
    readonly authority: Pick<Authority, 'caFingerprint'>;
  },
): void {
  const { config, managerUrl, clock, database, authority } = options;
  const startedMs = clock.monotonicMs();
  const count = async (table: 'hosts' | 'enrollments'): Promise<number> => {
    const query = database.reads
      .selectFrom(table)
      .select((select) => select.fn.countAll<number>().as('number'));
    const row = await (table === 'enrollments'
      ? query.where('state', '=', 'pending')
      : query
    ).executeTakeFirstOrThrow();
    return row.number;
  };
  routes.serve(MANAGER_ADMIN_ROUTES.status, async () => ({
    version: VERSION,
    uptime_seconds: Math.round((clock.monotonicMs() - startedMs) / 1000),
    ca_fingerprint: authority.caFingerprint,
    manager_url: managerUrl,
    hosts: await count('hosts'),
    pending_enrollments: await count('enrollments'),
    older_agents: {
      allowed: olderAgentRule(config.enrollment.allow_legacy_agents),
      hosts: await countOlderHosts(database.reads),
    },
  }));
}
