import { isoOf, type PackageHolders } from '@linux-patch/contract';
import { type RawBuilder, sql } from 'kysely';
import { textRows } from '../database/dialect.ts';
import type { Database } from '../database/open.ts';
import { within } from '../reach/within.ts';
import { askAbout, type FleetRecords, type Page } from './fleet-question.ts';
import { type FleetView, type ListedRow, statesOf } from './fleet-state.ts';
import type { NamedVersion } from './package-versions.ts';

/** What is asked about a package. */
interface HoldersAsked extends Page {
  readonly name: string;
  /** Only where it is older. */
  readonly below?: string | undefined;
}

/** A version, and the hosts that have it. */
interface Held {
  readonly version: NamedVersion;
  readonly hosts: readonly string[];
}

/** With how many of them are in reach and have not left. */
interface Counted extends Held {
  readonly on: number;
}

const MAX_VERSIONS = 1_000;

/** Which hosts had a package installed when they were listed last, the oldest version first. */
export async function readHolders(
  records: FleetRecords,
  freshness: FleetView,
  { name, below, limit, offset }: HoldersAsked,
): Promise<Omit<PackageHolders, 'figures'>> {
  const { signal } = freshness;
  const { reads: db, sets } = records;
  const { revision, found, versions } = await askAbout(
    records,
    { name, than: below },
    (all) => sets.ask({ kind: 'holding', ids: all.map(({ id }) => id) }, signal),
    signal,
  );
  const held = versions.flatMap((version): Held[] => {
    const hosts = found.get(version.id);
    return hosts ? [{ version, hosts }] : [];
  });
  const counted = await countInFleet(db, held, freshness);
  const comparable = counted.filter(({ version }) => version.older === 1);
  const unclear = counted.filter(({ version }) => version.older === null);
  return {
    revision,
    versions: comparable
      .slice(0, MAX_VERSIONS)
      .map(({ version, on }) => ({ version: version.version, architecture: version.arch, hosts: on })),
    hosts: await readPage(db, freshness, comparable, { limit, offset }),
    total: sumOf(comparable),
    not_comparable: sumOf(unclear),
  };
}

function sumOf(counted: readonly Counted[]): number {
  return counted.reduce((sum, { on }) => sum + on, 0);
}

/** Rows for `from`: a place in the list, and the id of a host there. */
function placesOf(db: Database, held: readonly Held[]): RawBuilder<unknown> {
  const rows = held.flatMap(({ hosts }, place) => hosts.map((id) => [place.toString(), id]));
  return textRows(db, rows);
}

/** Counts the hosts in reach that have not left; versions that only others have are left out. */
async function countInFleet(
  db: Database,
  held: readonly Held[],
  { reach, signal }: FleetView,
): Promise<Counted[]> {
  if (held.length === 0) return [];
  const { rows } = await sql<{ readonly place: string; readonly hosts: number }>`
    select e.value->>0 as place, count(*) as hosts from ${placesOf(db, held)}
    join hosts as h on h.id = e.value->>1 and h.left_at is null and ${within(reach, 'h.id')} group by 1`.execute(
    db,
    { signal },
  );
  const counts = new Map(rows.map(({ place, hosts }) => [Number(place), hosts]));
  return held.map((one, place) => ({ ...one, on: counts.get(place) ?? 0 })).filter(({ on }) => on > 0);
}

/** The hosts of a page, by version and name. Only versions that are on it are looked at. */
async function readPage(
  db: Database,
  freshness: FleetView,
  counted: readonly Counted[],
  { limit, offset }: Page,
): Promise<PackageHolders['hosts']> {
  let before = 0;
  let skipped = offset;
  const onPage: Held[] = [];
  for (const one of counted) {
    const after = before + one.on;
    if (after <= offset) skipped = offset - after;
    else if (before < offset + limit) onPage.push(one);
    before = after;
  }
  if (onPage.length === 0) return [];
  const { rows } = await sql<ListedRow & { readonly place: number }>`
    select cast(e.value->>0 as integer) as place, h.id, h.fqdn, h.state, h.listed_at
    from ${placesOf(db, onPage)} join (${statesOf(freshness, {})}) as h on h.id = e.value->>1
    order by 1, h.fqdn limit ${limit} offset ${skipped}`.execute(db, { signal: freshness.signal });
  return rows.flatMap(({ place, listed_at, ...host }) => {
    const version = onPage[place]?.version;
    if (!version) return [];
    return [{ ...host, listed_at: isoOf(listed_at), version: version.version, architecture: version.arch }];
  });
}
