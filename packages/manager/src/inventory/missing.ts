import { isoOf, type PackageMissing } from '@linux-patch/contract';
import { sql } from 'kysely';
import { textList } from '../database/dialect.ts';
import type { Database } from '../database/open.ts';
import { within } from '../reach/within.ts';
import { askAbout, type FleetRecords, type Page } from './fleet-question.ts';
import { type FleetView, type ListedRow, statesOf } from './fleet-state.ts';
import type { NamedVersion } from './package-versions.ts';
import type { Wanted } from './set-index/sets.ts';

/** What is asked about a package. */
interface MissingAsked extends Page {
  readonly name: string;
  /** Hosts with an older version lack it as well. */
  readonly atLeast?: string | undefined;
}

/** Which hosts did not have a package installed when they were listed last, or only older than wanted. */
export async function readMissing(
  records: FleetRecords,
  freshness: FleetView,
  { name, atLeast, limit, offset }: MissingAsked,
): Promise<Omit<PackageMissing, 'figures'>> {
  const { signal } = freshness;
  const { reads: db, sets } = records;
  const { revision, found, versions } = await askAbout(
    records,
    { name, than: atLeast },
    (all) => sets.ask({ kind: 'lacking', ...wantedOf(all, atLeast) }, signal),
    signal,
  );
  const lacking = [...found.hosts.keys()];
  const page = await readPage(db, freshness, lacking, { limit, offset });
  return {
    revision,
    hosts: page.map((host) => ({ ...host, installed: namesOf(found.hosts.get(host.id) ?? [], versions) })),
    total: await countInFleet(db, lacking, freshness),
    not_comparable: await countInFleet(db, found.unclear, freshness),
    not_listed: await countNotListed(db, freshness),
  };
}

/** Without a version to compare with, any will do. */
function wantedOf(versions: readonly NamedVersion[], atLeast: string | undefined): Wanted {
  const idsOf = (older: number | null): number[] =>
    versions.filter((one) => one.older === older).map(({ id }) => id);
  if (atLeast === undefined) return { good: versions.map(({ id }) => id), unclear: [], older: [] };
  return { good: idsOf(0), unclear: idsOf(null), older: idsOf(1) };
}

/** The names of versions, in their order. */
function namesOf(ids: readonly number[], versions: readonly NamedVersion[]): string[] {
  return versions.filter(({ id }) => ids.includes(id)).map(({ version }) => version);
}

async function countInFleet(
  db: Database,
  ids: readonly string[],
  { reach, signal }: FleetView,
): Promise<number> {
  const { hosts } = await db
    .selectFrom('hosts')
    .select((select) => select.fn.countAll<number>().as('hosts'))
    .where('left_at', 'is', null)
    .where('id', 'in', textList(db, ids))
    .where(within(reach, 'hosts.id'))
    .executeTakeFirstOrThrow({ signal });
  return hosts;
}

/** Hosts of which nobody knows what they have. */
async function countNotListed(db: Database, { reach, signal }: FleetView): Promise<number> {
  const { hosts } = await db
    .selectFrom('hosts')
    .leftJoin('package_sets', 'package_sets.host_id', 'hosts.id')
    .select((select) => select.fn.countAll<number>().as('hosts'))
    .where('left_at', 'is', null)
    .where('package_sets.ids', 'is', null)
    .where(within(reach, 'hosts.id'))
    .executeTakeFirstOrThrow({ signal });
  return hosts;
}

async function readPage(
  db: Database,
  freshness: FleetView,
  ids: readonly string[],
  { limit, offset }: Page,
): Promise<Omit<PackageMissing['hosts'][number], 'installed'>[]> {
  const { rows } = await sql<ListedRow>`select id, fqdn, state, listed_at
    from (${statesOf(freshness, {})}) as h where id in ${textList(db, ids)}
    order by fqdn limit ${limit} offset ${offset}`.execute(db, { signal: freshness.signal });
  return rows.map(({ listed_at, ...host }) => ({ ...host, listed_at: isoOf(listed_at) }));
}
