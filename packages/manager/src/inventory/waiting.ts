import {
  type HostUpdate,
  type InventoryState,
  isoOf,
  type UpdateAge,
  type WaitingUpdate,
} from '@linux-patch/contract';
import { sql } from 'kysely';
import type { HostUpdateRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import { within } from '../reach/within.ts';
import { type FleetView, stateIn, unknownIds } from './fleet-state.ts';
import { isOfAge } from './update-ages.ts';

interface Wanted {
  readonly security?: boolean | undefined;
  readonly age?: UpdateAge | undefined;
}

interface Asked extends Wanted {
  readonly limit: number;
  readonly offset: number;
}

/** Updates that wait, with their hosts; those of hosts that left are history. */
const WAITING = sql`from host_updates as u
  join hosts as h on h.id = u.host_id and h.left_at is null
  join package_sets as s on s.host_id = u.host_id
  join package_versions as v on v.id = u.candidate_id`;

function isWanted({ nowMs }: FleetView, { security, age }: Wanted) {
  const isOfKind =
    security === undefined ? sql`true` : security ? sql`u.security = 1` : sql`coalesce(u.security, 0) <> 1`;
  return sql`${isOfKind} and ${isOfAge(age, nowMs)}`;
}

const flagOf = (stored: number | null): boolean | null => (stored === null ? null : stored === 1);

/** Before paging. */
interface Totals {
  readonly total: number;
  /** How often these wait, on all hosts together. */
  readonly waiting: number;
}

interface Candidate {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly security: number | null;
  readonly hosts: number;
  readonly unknown: number;
  readonly first_seen_at: number;
  readonly waiting_since: number;
  readonly total: number;
  readonly waiting: number;
}

/**
 * What waits on how many hosts: what mends security faults first, then what waits on most. One look through an index, and another
 * through the part of it that the page is of: which hosts are unknown costs more than all the rest, where they are many.
 */
export async function readWaiting(
  db: Database,
  freshness: FleetView,
  { limit, offset, ...wanted }: Asked,
): Promise<{ readonly updates: WaitingUpdate[] } & Totals> {
  const counted = sql`select u.candidate_id, max(u.security) as security, count(*) as hosts,
      min(u.first_seen_at) as first_seen_at, min(u.waiting_since) as waiting_since
    from host_updates as u
    where u.host_id not in (select id from hosts where left_at is not null)
      and ${within(freshness.reach, 'u.host_id')} and ${isWanted(freshness, wanted)}
    group by u.candidate_id`;
  const unknown = sql`select u.candidate_id, sum(case when u.host_id in ${unknownIds(freshness)} then 1 else 0 end) as unknown
    from host_updates as u
    where u.candidate_id in (select candidate_id from page) and ${isWanted(freshness, wanted)} group by u.candidate_id`;
  const { rows } = await sql<Candidate>`with page as materialized (
      select v.id, v.name, v.arch, v.version, c.*, count(*) over () as total, sum(c.hosts) over () as waiting
      from (${counted}) as c join package_versions as v on v.id = c.candidate_id
      order by coalesce(c.security, 0) desc, c.hosts desc, v.name, v.id limit ${limit} offset ${offset})
    select page.*, n.unknown from page join (${unknown}) as n on n.candidate_id = page.candidate_id
    order by coalesce(page.security, 0) desc, page.hosts desc, page.name, page.id`.execute(db, {
    signal: freshness.signal,
  });
  const updates = rows.map((row) => ({
    name: row.name,
    architecture: row.arch,
    version: row.version,
    security: flagOf(row.security),
    hosts: row.hosts,
    unknown: row.unknown,
    first_seen_at: new Date(row.first_seen_at).toISOString(),
    waiting_since: new Date(row.waiting_since).toISOString(),
  }));
  const [first] = rows;
  if (!first) return { updates, ...(await countWaiting(db, freshness, wanted)) };
  return { updates, total: first.total, waiting: Number(first.waiting) };
}

/** Behind the last page nothing says how many there are. */
async function countWaiting(db: Database, freshness: FleetView, wanted: Wanted): Promise<Totals> {
  const { reach, signal } = freshness;
  const { rows } = await sql<Totals>`select count(distinct u.candidate_id) as total, count(*) as waiting
    from host_updates as u
    where u.host_id not in (select id from hosts where left_at is not null)
      and ${within(reach, 'u.host_id')} and ${isWanted(freshness, wanted)}`.execute(db, { signal });
  return rows[0] ?? { total: 0, waiting: 0 };
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
  { name, limit, offset, ...asked }: Asked & { readonly name: string },
): Promise<{ readonly hosts: HostUpdate[]; readonly total: number }> {
  const wanted = sql`${WAITING} where v.name = ${name} and ${within(freshness.reach, 'h.id')} and ${isWanted(freshness, asked)}`;
  const { rows } =
    await sql<OnHost>`select h.id, h.fqdn, ${stateIn(freshness)} as state, s.listed_at, v.arch, v.version,
      u.installed_version, u.security, u.security_version, u.held, u.phased, u.hidden, u.first_seen_at, u.waiting_since
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
  waiting_since,
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
    waiting_since: new Date(waiting_since).toISOString(),
  };
}
