import { type HostUpdate, type InventoryState, isoOf, type WaitingUpdate } from '@linux-patch/contract';
import { sql } from 'kysely';
import type { HostUpdateRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import { within } from '../reach/within.ts';
import { type FleetView, stateIn, unknownIds } from './fleet-state.ts';

interface Asked {
  readonly security?: boolean | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** Updates that wait, with their hosts; those of hosts that left are history. */
const WAITING = sql`from host_updates as u
  join hosts as h on h.id = u.host_id and h.left_at is null
  join package_sets as s on s.host_id = u.host_id
  join package_versions as v on v.id = u.candidate_id`;

const isWanted = (security: boolean | undefined) =>
  security === undefined ? sql`true` : security ? sql`u.security = 1` : sql`coalesce(u.security, 0) <> 1`;

const flagOf = (stored: number | null): boolean | null => (stored === null ? null : stored === 1);

interface Candidate {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly security: number | null;
  readonly hosts: number;
  readonly unknown: number;
  readonly first_seen_at: number;
  readonly total: number;
}

/** What waits on how many hosts: what mends security faults first, then what waits on most. One look through an index. */
export async function readWaiting(
  db: Database,
  freshness: FleetView,
  { security, limit, offset }: Asked,
): Promise<{ readonly updates: WaitingUpdate[]; readonly total: number }> {
  const counted = sql`select u.candidate_id, max(u.security) as security, count(*) as hosts,
      sum(case when u.host_id in ${unknownIds(freshness)} then 1 else 0 end) as unknown, min(u.first_seen_at) as first_seen_at
    from host_updates as u
    where u.host_id not in (select id from hosts where left_at is not null)
      and ${within(freshness.reach, 'u.host_id')} and ${isWanted(security)}
    group by u.candidate_id`;
  const { rows } = await sql<Candidate>`select v.name, v.arch, v.version, c.*, count(*) over () as total
    from (${counted}) as c join package_versions as v on v.id = c.candidate_id
    order by coalesce(c.security, 0) desc, c.hosts desc, v.name, v.id limit ${limit} offset ${offset}`.execute(
    db,
    { signal: freshness.signal },
  );
  const updates = rows.map((row) => ({
    name: row.name,
    architecture: row.arch,
    version: row.version,
    security: flagOf(row.security),
    hosts: row.hosts,
    unknown: row.unknown,
    first_seen_at: new Date(row.first_seen_at).toISOString(),
  }));
  return { updates, total: rows[0]?.total ?? (await countWaiting(db, freshness, security)) };
}

/** Behind the last page nothing says how many there are. */
async function countWaiting(
  db: Database,
  { reach, signal }: FleetView,
  security: boolean | undefined,
): Promise<number> {
  const { rows } = await sql<{ readonly total: number }>`select count(distinct u.candidate_id) as total
    from host_updates as u
    where u.host_id not in (select id from hosts where left_at is not null)
      and ${within(reach, 'u.host_id')} and ${isWanted(security)}`.execute(db, { signal });
  return rows[0]?.total ?? 0;
}

type OnHost = Omit<HostUpdateRow, 'host_id' | 'candidate_id' | 'origin'> & {
  readonly id: string;
  readonly fqdn: string;
  readonly state: InventoryState;
  readonly listed_at: number | null;
  readonly arch: string;
  readonly version: string;
};

/** On which hosts updates of a package wait: what mends security faults first. */
export async function readWaitingHosts(
  db: Database,
  freshness: FleetView,
  { name, security, limit, offset }: Asked & { readonly name: string },
): Promise<{ readonly hosts: HostUpdate[]; readonly total: number }> {
  const wanted = sql`${WAITING} where v.name = ${name} and ${within(freshness.reach, 'h.id')} and ${isWanted(security)}`;
  const { rows } =
    await sql<OnHost>`select h.id, h.fqdn, ${stateIn(freshness)} as state, s.listed_at, v.arch, v.version,
      u.installed_version, u.security, u.security_version, u.held, u.phased, u.hidden, u.first_seen_at
    ${wanted} order by coalesce(u.security, 0) desc, h.fqdn, v.id limit ${limit} offset ${offset}`.execute(
      db,
      { signal: freshness.signal },
    );
  const counted = await sql<{ readonly total: number }>`select count(*) as total ${wanted}`.execute(db, {
    signal: freshness.signal,
  });
  return { hosts: rows.map((row) => toUpdate(row)), total: counted.rows[0]?.total ?? 0 };
}

function toUpdate({
  arch,
  listed_at,
  security,
  held,
  phased,
  hidden,
  first_seen_at,
  ...row
}: OnHost): HostUpdate {
  return {
    ...row,
    architecture: arch,
    listed_at: isoOf(listed_at),
    security: flagOf(security),
    held: held === 1,
    phased: phased === 1,
    hidden: hidden === 1,
    first_seen_at: new Date(first_seen_at).toISOString(),
  };
}
