import { type Host, type HostChange, PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { NameRules } from '../authority/name-rules.ts';
import type { Database } from '../database/open.ts';
import type { HostRow, ManagerTables } from '../database/schema.ts';
import type { AgentAddress } from '../fleet-client/connect.ts';
import type { OwnJobKey } from '../job-key/host-state.ts';
import type { Reach } from '../reach/reach.ts';
import { isWithin, within } from '../reach/within.ts';
import { chooseHosts } from './choose.ts';
import { readKnowledge } from './knowledge.ts';
import { viewOf } from './view.ts';

/** The fleet's records. */
export interface HostStore {
  /**
   * All that are in reach, or those of them that a reference means, by name.
   * @throws PatchError `HOST_NOT_FOUND`, `INVALID_REQUEST` for a reference that means none
   */
  list(sees: Reach, reference?: string, signal?: AbortSignal): Promise<Host[]>;
  /** One of the whole fleet. @throws PatchError `HOST_NOT_FOUND`, also when a name is not unique. */
  get(reference: string): Promise<HostRow>;
  /** The same among some, as if there were no others. */
  getWithin(reach: Reach, reference: string): Promise<HostRow>;
  /** Whether a host is one of these now. */
  isWithin(reach: Reach, hostId: string): Promise<boolean>;
  view(row: HostRow): Promise<Host>;
  /** @throws PatchError `INVALID_REQUEST` for an address that no host is certified for. */
  change(row: HostRow, change: HostChange): Promise<HostRow>;
  /** Notes whether the agent could be reached. */
  note(hostId: string, error: string | undefined): Promise<void>;
}

/** Where the agent of a host is. */
export function addressOf(host: Pick<HostRow, 'id' | 'fqdn' | 'ip_address' | 'agent_port'>): AgentAddress {
  return { hostId: host.id, fqdn: host.fqdn, ipAddress: host.ip_address, port: host.agent_port };
}

export function createHostStore(options: {
  readonly db: Kysely<ManagerTables>;
  /** For what is about the whole fleet. */
  readonly reads: Kysely<ManagerTables>;
  readonly clock: Clock;
  readonly nameRules: NameRules;
  readonly jobKey: OwnJobKey;
  /** How old a listing may be that counts. */
  readonly lifeMs: number;
}): HostStore {
  const { db, reads, clock, nameRules, jobKey, lifeMs } = options;
  const viewAll = async (from: Database, rows: readonly HostRow[]): Promise<Host[]> => {
    const nowMs = clock.now();
    const knowledge = await readKnowledge(from, rows.length === 1 ? rows[0]?.id : undefined, nowMs);
    return rows.map((row) => viewOf(row, { ...knowledge, nameRules, jobKey }, nowMs));
  };
  const view = async (row: HostRow): Promise<Host> => {
    const [only] = await viewAll(db, [row]);
    if (only) return only;
    throw new Error('a host without a view');
  };
  const getWithin: HostStore['getWithin'] = async (reach, reference) => {
    const wanted = reference.toLowerCase();
    // Full names that begin with this label; "/" follows ".".
    const labels = wanted.includes('.') ? [] : ([`${wanted}.`, `${wanted}/`] as const);
    const rows = await db
      .selectFrom('hosts')
      .selectAll()
      .where(within(reach, 'hosts.id'))
      .where((where) =>
        where.or([
          where('id', '=', wanted),
          where('fqdn', '=', wanted),
          where.and([where('fqdn', '>', labels[0] ?? wanted), where('fqdn', '<', labels[1] ?? wanted)]),
          where('ip_address', '=', wanted),
        ]),
      )
      .execute();
    // No host that calls itself by the id of another is taken for it.
    const exact = rows.find((row) => row.id === wanted) ?? rows.find((row) => row.fqdn === wanted);
    const [only, ...others] = exact ? [exact] : rows;
    if (only && others.length === 0) return only;
    throw new PatchError(
      'HOST_NOT_FOUND',
      only
        ? `Several hosts are called ${reference}: ${rows.map((row) => row.fqdn).join(', ')}. Use the full name.`
        : `There is no host ${reference}. "linux-patch-manager hosts list" shows the fleet.`,
    );
  };
  return {
    view,
    async list(sees, reference, signal) {
      const seen = { nowMs: clock.now(), lifeMs, reach: sees, ...(signal ? { signal } : {}) };
      const chosen = reference === undefined ? undefined : await chooseHosts(reads, reference, seen);
      const all = reads.selectFrom('hosts').selectAll().where(within(sees, 'hosts.id'));
      const rows = await all.orderBy('fqdn').execute();
      return viewAll(reads, chosen ? rows.filter(({ id }) => chosen.has(id)) : rows);
    },
    get: (reference) => getWithin('everywhere', reference),
    getWithin,
    isWithin: (reach, hostId) => isWithin(db, reach, hostId),
    async change(row, change) {
      const address = change.ip_address;
      const fault = address === undefined ? undefined : nameRules.faultOf(address);
      if (fault !== undefined) {
        throw new PatchError(
          'INVALID_REQUEST',
          `${row.fqdn} cannot have the address ${address}: it is ${fault}, so its next certificate would be refused. Nothing was changed.`,
        );
      }
      const values = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      if (Object.keys(values).length > 0)
        await db.updateTable('hosts').set(values).where('id', '=', row.id).execute();
      return db.selectFrom('hosts').selectAll().where('id', '=', row.id).executeTakeFirstOrThrow();
    },
    async note(hostId, error) {
      const seen =
        error === undefined ? { last_seen_at: clock.now(), last_error: null } : { last_error: error };
      await db.updateTable('hosts').set(seen).where('id', '=', hostId).execute();
    },
  };
}
