import type { Database } from '../database/open.ts';
import type { EnrollmentRow, HostRow } from '../database/schema.ts';

/** So many of a kind are named; the others are a number. */
export const NAMED = 5;

/** Others that claim the same: the first of them, and how many there are. */
export interface Same<T> {
  readonly first: readonly T[];
  readonly total: number;
}

export type SameHost = Pick<HostRow, 'fqdn' | 'ip_address' | 'machine_id' | 'last_seen_at'>;
export type SameRequest = Pick<EnrollmentRow, 'id' | 'fqdn' | 'machine_id' | 'key_id'>;

/** Hosts with the name, the address or the machine-id of a request; the one with its name first. */
export async function findSameHosts(
  db: Database,
  { fqdn, ip_address: address, machine_id: machine }: EnrollmentRow,
): Promise<Same<SameHost>> {
  const first = await db
    .selectFrom('hosts')
    .select(['fqdn', 'ip_address', 'machine_id', 'last_seen_at'])
    .select((select) => select.fn.countAll<number>().over().as('total'))
    .where('left_at', 'is', null)
    .where((where) =>
      where.or([
        where('fqdn', '=', fqdn),
        where('ip_address', '=', address),
        where('machine_id', '=', machine),
      ]),
    )
    .orderBy((order) => order('fqdn', '!=', fqdn))
    .orderBy('fqdn')
    .limit(NAMED)
    .execute();
  return { first, total: first[0]?.total ?? 0 };
}

type Member = 'fqdn' | 'machine_id';

function waiting(db: Database, now: number) {
  return db.selectFrom('enrollments').where('state', '=', 'pending').where('expires_at', '>=', now);
}

/** The newest waiting requests with each of these names or machine-ids, and how many there are of each. */
async function readGroups(
  db: Database,
  now: number,
  member: Member,
  values: readonly string[],
): Promise<ReadonlyMap<string, Same<SameRequest>>> {
  const newest = waiting(db, now)
    .select(['id', 'fqdn', 'machine_id', 'key_id'])
    .select((select) => [
      select.fn
        .countAll<number>()
        .over((over) => over.partitionBy(member))
        .as('total'),
      select.fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy(member).orderBy('created_at', 'desc').orderBy('id'))
        .as('place'),
    ])
    .where(member, 'in', values);
  // One more than is named, because a request is not in conflict with itself.
  const rows = await db
    .selectFrom(newest.as('newest'))
    .selectAll()
    .where('place', '<=', NAMED + 1)
    .execute();
  const groups = Map.groupBy(rows, (row) => row[member]);
  return new Map([...groups].map(([value, first]) => [value, { first, total: first[0]?.total ?? 0 }]));
}

/** How many waiting requests have both, by `name machine-id`. */
async function countPairs(
  db: Database,
  now: number,
  rows: readonly EnrollmentRow[],
): Promise<ReadonlyMap<string, number>> {
  const pairs = await waiting(db, now)
    .select((select) => ['fqdn', 'machine_id', select.fn.countAll<number>().as('total')])
    .where('fqdn', 'in', [...new Set(rows.map((row) => row.fqdn))])
    .where('machine_id', 'in', [...new Set(rows.map((row) => row.machine_id))])
    .groupBy(['fqdn', 'machine_id'])
    .execute();
  return new Map(pairs.map((pair) => [`${pair.fqdn} ${pair.machine_id}`, pair.total]));
}

/**
 * Finds, for waiting requests, others that wait with the same name or machine-id. The database groups them, so that
 * thousands with one name cost no more than as many with names of their own.
 */
export async function findSameRequests(
  db: Database,
  now: number,
  rows: readonly EnrollmentRow[],
): Promise<(row: EnrollmentRow) => Same<SameRequest>> {
  const valuesOf = (member: Member): string[] => [...new Set(rows.map((row) => row[member]))];
  const byName = await readGroups(db, now, 'fqdn', valuesOf('fqdn'));
  const byMachine = await readGroups(db, now, 'machine_id', valuesOf('machine_id'));
  const byBoth = await countPairs(db, now, rows);
  return (row) => {
    const [name, machine] = [byName.get(row.fqdn), byMachine.get(row.machine_id)];
    const all = [...(name?.first ?? []), ...(machine?.first ?? [])];
    const others = new Map(all.filter((one) => one.id !== row.id).map((one) => [one.id, one]));
    const both = byBoth.get(`${row.fqdn} ${row.machine_id}`) ?? 0;
    // Each group and each pair has the request itself.
    const total = (name?.total ?? 1) + (machine?.total ?? 1) - Math.max(1, both) - 1;
    return { first: [...others.values()].slice(0, NAMED), total };
  };
}
