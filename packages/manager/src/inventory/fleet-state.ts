import {
  type FleetFigures,
  type HostInventory,
  type InventoryState,
  isoOf,
  MINUTE_MS,
} from '@linux-patch/contract';
import { type RawBuilder, sql } from 'kysely';
import type { PackageSetRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import type { Reach } from '../reach/reach.ts';
import { within } from '../reach/within.ts';

/** As of when a question about the fleet is asked, and how old a listing may be that counts. */
export interface Freshness {
  readonly nowMs: number;
  readonly lifeMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** The same, and of which of its hosts; no others are there for whoever asks. */
export interface FleetView extends Freshness {
  readonly reach: Reach;
}

/** By how much a listing may seem to come from the future before its age counts as not known. */
const CLOCK_SLACK_MS = 5 * MINUTE_MS;

/**
 * The state of a host, of a query over `hosts as h left join package_sets as s`. A host is behind as soon as anything waits;
 * current it is only when nothing is in doubt.
 */
export function stateIn({ nowMs, lifeMs }: Freshness): RawBuilder<InventoryState> {
  return sql`case
    when s.listed_at is null or s.list_error is not null then 'unknown'
    when s.listed_at < ${nowMs - lifeMs} or s.listed_at > ${nowMs + CLOCK_SLACK_MS} then 'unknown'
    when s.updates > 0 then 'behind'
    when s.doubt is not null then 'unknown'
    else 'current' end`;
}

type Counts = {
  readonly state: InventoryState;
  readonly hosts: number;
  readonly security: number;
  readonly not_asked: number;
  readonly oldest: number | null;
};

/** How the fleet fares. */
export async function readFigures(db: Database, freshness: FleetView): Promise<FleetFigures> {
  const { rows } = await sql<Counts>`select ${stateIn(freshness)} as state, count(*) as hosts,
      sum(case when s.security_updates > 0 then 1 else 0 end) as security,
      sum(case when s.checked_at is null then 1 else 0 end) as not_asked, min(s.listed_at) as oldest
    from hosts as h left join package_sets as s on s.host_id = h.id
    where h.left_at is null and ${within(freshness.reach, 'h.id')} group by 1`.execute(db, {
    signal: freshness.signal,
  });
  const of = (state: InventoryState): Counts =>
    rows.find((row) => row.state === state) ?? { state, hosts: 0, security: 0, not_asked: 0, oldest: null };
  const known = [of('current'), of('behind')];
  const oldest = known.flatMap((one) => one.oldest ?? []);
  return {
    hosts: rows.reduce((sum, row) => sum + row.hosts, 0),
    current: of('current').hosts,
    behind: of('behind').hosts,
    unknown: of('unknown').hosts,
    not_asked: of('unknown').not_asked,
    security: of('behind').security,
    oldest_listed_at: oldest.length === 0 ? null : new Date(Math.min(...oldest)).toISOString(),
  };
}

type Kept = Pick<
  PackageSetRow,
  'listed_at' | 'checked_at' | 'list_error' | 'doubt' | 'packages' | 'updates' | 'security_updates'
>;
type HostState = { readonly id: string; readonly fqdn: string; readonly state: InventoryState } & {
  readonly [column in keyof Kept]: Kept[column] | null;
};

/** A host, as answers about the whole fleet name it. */
export type ListedRow = Pick<HostState, 'id' | 'fqdn' | 'state' | 'listed_at'>;

/** Which hosts; without an id those in reach that have not left. */
interface HostChoice {
  readonly id?: string | undefined;
  readonly state?: InventoryState | undefined;
}

/** What is known of hosts, as a part of another query. */
export const statesOf = (
  freshness: FleetView,
  { id }: HostChoice,
) => sql`select h.id, h.fqdn, ${stateIn(freshness)} as state,
    s.listed_at, s.checked_at, s.list_error, s.doubt, s.packages, s.updates, s.security_updates
  from hosts as h left join package_sets as s on s.host_id = h.id
  where ${id === undefined ? sql`h.left_at is null and ${within(freshness.reach, 'h.id')}` : sql`h.id = ${id}`}`;

/** What is known of hosts, by name. */
export async function readHostStates(
  db: Database,
  freshness: FleetView,
  asked: HostChoice & { readonly limit: number; readonly offset: number },
): Promise<{ readonly hosts: HostInventory[]; readonly total: number }> {
  const { state, limit, offset } = asked;
  const all = sql`from (${statesOf(freshness, asked)}) as hosts where ${state === undefined ? sql`true` : sql`state = ${state}`}`;
  const { signal } = freshness;
  const page = sql<HostState>`select * ${all} order by fqdn limit ${limit} offset ${offset}`;
  const counted = sql<{ readonly total: number }>`select count(*) as total ${all}`;
  const { rows } = await page.execute(db, { signal });
  const [count] = (await counted.execute(db, { signal })).rows;
  return { hosts: rows.map((row) => toInventory(row)), total: count?.total ?? 0 };
}

/** The ids of hosts that are unknown, as a part of another query. */
export function unknownIds(freshness: FleetView): RawBuilder<unknown> {
  return sql`(select id from (${statesOf(freshness, {})}) as hosts where state = 'unknown')`;
}

/** What is known of one host, also of one that left. */
export async function getHostState(db: Database, freshness: Freshness, id: string): Promise<HostInventory> {
  const only = { ...freshness, reach: 'everywhere' } as const;
  const { hosts } = await readHostStates(db, only, { id, limit: 1, offset: 0 });
  if (hosts[0]) return hosts[0];
  throw new Error('a host without a state');
}

function toInventory(row: HostState): HostInventory {
  return {
    id: row.id,
    fqdn: row.fqdn,
    state: row.state,
    reason: row.state === 'unknown' ? reasonOf(row) : null,
    listed_at: isoOf(row.listed_at),
    checked_at: isoOf(row.checked_at),
    packages: row.packages ?? 0,
    updates: row.updates ?? 0,
    security_updates: row.security_updates ?? 0,
  };
}

function reasonOf({ checked_at, listed_at, list_error, doubt, updates }: HostState): string {
  if (checked_at === null)
    return 'It was not listed yet; that happens within a minute, unless fleet.inventory_minutes is 0.';
  if (list_error !== null) return list_error;
  if (listed_at !== null && (updates ?? 0) === 0 && doubt !== null) return doubt;
  return `Its last listing is from ${isoOf(listed_at) ?? 'never'}, by the clock of this manager; it is too old, or that clock was wrong.`;
}
