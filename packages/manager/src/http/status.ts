import { MANAGER_ADMIN_ROUTES, VERSION } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Authority } from '../authority/authority.ts';
import { olderAgentRule } from '../config/older-agent-rule.ts';
import type { ManagerConfig } from '../config/schema.ts';
import type { ReadDatabase } from '../database/reader-threads/open-reads.ts';
import type { Room } from '../database/room.ts';
import { countOlderHosts } from '../enrollment/older-agents.ts';
import type { Reach } from '../reach/reach.ts';
import { within } from '../reach/within.ts';
import type { Routes } from './routes.ts';

/** What this manager is, and what it looks after, in a few numbers. */
export function serveStatus(
  routes: Routes,
  options: {
    readonly config: ManagerConfig;
    readonly managerUrl: string;
    readonly clock: Clock;
    readonly database: ReadDatabase & { readonly room: Pick<Room, 'trouble'> };
    readonly authority: Pick<Authority, 'caFingerprint'>;
  },
): void {
  const { config, managerUrl, clock, database, authority } = options;
  const startedMs = clock.monotonicMs();
  const countHosts = async (reach: Reach): Promise<number> => {
    const { number } = await database.reads
      .selectFrom('hosts')
      .select((select) => select.fn.countAll<number>().as('number'))
      .where(within(reach, 'hosts.id'))
      .executeTakeFirstOrThrow();
    return number;
  };
  const countWaiting = async (): Promise<number> => {
    const { number } = await database.reads
      .selectFrom('enrollments')
      .select((select) => select.fn.countAll<number>().as('number'))
      .where('state', '=', 'pending')
      .executeTakeFirstOrThrow();
    return number;
  };
  routes.serve(MANAGER_ADMIN_ROUTES.status, async ({ actor, sees }) => ({
    version: VERSION,
    uptime_seconds: Math.round((clock.monotonicMs() - startedMs) / 1000),
    ca_fingerprint: authority.caFingerprint,
    manager_url: managerUrl,
    hosts: await countHosts(sees),
    database_trouble: database.room.trouble?.message ?? null,
    pending_enrollments: actor.permissions.has('enrollments:read') ? await countWaiting() : null,
    older_agents: {
      allowed: olderAgentRule(config.enrollment.allow_legacy_agents),
      hosts: await countOlderHosts(database.reads, sees),
    },
  }));
}
