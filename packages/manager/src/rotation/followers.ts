import { TrustState } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { ManagerTables } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';
import type { AgentAddress } from '../fleet-client/connect.ts';
import { addressOf } from '../hosts/store.ts';
import { type Follower, lagOf, type Need } from './progress.ts';

/** A host that has not followed, where it is, and why. */
export interface Laggard {
  readonly hostId: string;
  readonly fqdn: string;
  readonly address: AgentAddress;
  readonly reason: string;
  readonly renewing: boolean;
}

/** What hosts said about the CAs they trust. */
export interface Followers {
  laggards(need: Need): Promise<{ readonly all: number; readonly behind: readonly Laggard[] }>;
  noteState(hostId: string, stage: string, state: TrustState): Promise<void>;
  noteError(hostId: string, error: string): Promise<void>;
}

function followerOf(row: {
  readonly at: number | null;
  readonly stage: string | null;
  readonly state: string | null;
  readonly error: string | null;
}): Follower | undefined {
  if (row.at === null) return undefined;
  const parsed = row.state === null ? undefined : readStored(TrustState.optional(), row.state, undefined);
  return { stage: row.stage, state: parsed, error: row.error };
}

export function createFollowers(options: {
  readonly db: Kysely<ManagerTables>;
  readonly clock: Clock;
}): Followers {
  const { db, clock } = options;
  return {
    async laggards(need) {
      const rows = await db
        .selectFrom('hosts')
        .leftJoin('host_trust', 'host_trust.host_id', 'hosts.id')
        .select(['hosts.id', 'hosts.fqdn', 'hosts.ip_address', 'hosts.agent_port'])
        .select(['host_trust.at', 'host_trust.stage', 'host_trust.state', 'host_trust.error'])
        .where('hosts.left_at', 'is', null)
        .orderBy('hosts.fqdn')
        .execute();
      const behind = rows.flatMap((row) => {
        const follower = followerOf(row);
        const reason = lagOf(follower, need);
        if (reason === undefined) return [];
        return {
          hostId: row.id,
          fqdn: row.fqdn,
          address: addressOf(row),
          reason,
          renewing: follower?.error === null && follower.state?.renewing === true,
        };
      });
      return { all: rows.length, behind };
    },
    async noteState(hostId, stage, state) {
      const values = { stage, at: clock.now(), state: JSON.stringify(state), error: null };
      await db
        .insertInto('host_trust')
        .values({ host_id: hostId, ...values })
        .onConflict((conflict) => conflict.column('host_id').doUpdateSet(values))
        .execute();
    },
    async noteError(hostId, error) {
      const values = { at: clock.now(), error };
      await db
        .insertInto('host_trust')
        .values({ host_id: hostId, stage: null, state: null, ...values })
        .onConflict((conflict) => conflict.column('host_id').doUpdateSet(values))
        .execute();
    },
  };
}
