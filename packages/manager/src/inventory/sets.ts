import type { PackageSetRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import { countIds, decodeIds, encodeIds, hashOfSet } from './id-set.ts';
import type { HostSet } from './set-index/sets.ts';

/** What is on record of a host's packages. */
export interface PackageSet {
  readonly eco: string | null;
  readonly rev: number;
  readonly listedAtMs: number | null;
  /** Why the last listing failed; null when it did not. */
  readonly error: string | null;
  readonly revision: string | null;
  readonly packagesEtag: string | null;
  readonly updatesEtag: string | null;
  readonly newRows: { readonly day: number; readonly rows: number };
  /** Name of the set; null while no listing was ever taken. */
  readonly hash: string | null;
  /** Undefined while no listing was ever taken. */
  readonly ids: readonly number[] | undefined;
}

function toSet(row: PackageSetRow): PackageSet {
  return {
    eco: row.eco,
    rev: row.rev,
    listedAtMs: row.listed_at,
    error: row.list_error,
    revision: row.revision,
    packagesEtag: row.packages_etag,
    updatesEtag: row.updates_etag,
    newRows: { day: row.new_rows_day, rows: row.new_rows },
    hash: row.hash,
    ids: row.ids === null ? undefined : decodeIds(row.ids),
  };
}

export async function findSet(db: Database, hostId: string): Promise<PackageSet | undefined> {
  const row = await db
    .selectFrom('package_sets')
    .selectAll()
    .where('host_id', '=', hostId)
    .executeTakeFirst();
  return row && toSet(row);
}

/** A host that was asked for the first time. */
const NOTHING = {
  eco: null,
  rev: 0,
  packages: 0,
  updates: 0,
  security_updates: 0,
  new_rows_day: 0,
  new_rows: 0,
} satisfies Partial<PackageSetRow>;

async function write(
  own: Database,
  hostId: string,
  change: Partial<PackageSetRow> & Pick<PackageSetRow, 'checked_at'>,
): Promise<void> {
  await own
    .insertInto('package_sets')
    .values({ host_id: hostId, ...NOTHING, ...change })
    .onConflict((conflict) => conflict.column('host_id').doUpdateSet(change))
    .execute();
}

/** Notes that a host could not be listed; what was listed before stays. */
export async function noteFailure(
  own: Database,
  hostId: string,
  failure: { readonly atMs: number; readonly reason: string; readonly newRows?: PackageSet['newRows'] },
): Promise<void> {
  const { atMs, reason, newRows } = failure;
  await write(own, hostId, {
    checked_at: atMs,
    list_error: reason,
    ...(newRows ? { new_rows_day: newRows.day, new_rows: newRows.rows } : {}),
  });
}

/** What a listing says; what is undefined is as it was. */
export interface TakenListing {
  readonly atMs: number;
  readonly eco: string;
  readonly newRows: PackageSet['newRows'];
  readonly installed:
    | {
        readonly ids: readonly number[];
        readonly etag: string | undefined;
        readonly revision: string | undefined;
      }
    | undefined;
  readonly pending:
    | {
        readonly updates: number;
        readonly security: number;
        readonly doubt: string | null;
        readonly etag: string | undefined;
      }
    | undefined;
}

/** Keeps what a listing says. Returns the set where that says what is installed. */
export async function keepSet(
  own: Database,
  hostId: string,
  before: PackageSet | undefined,
  taken: TakenListing,
): Promise<HostSet | undefined> {
  const { atMs, eco, newRows, installed, pending } = taken;
  const columns = installed && setColumns(installed.ids, before);
  await write(own, hostId, {
    eco,
    listed_at: atMs,
    checked_at: atMs,
    list_error: null,
    new_rows_day: newRows.day,
    new_rows: newRows.rows,
    ...columns,
    ...(installed ? { packages_etag: installed.etag ?? null, revision: installed.revision ?? null } : {}),
    ...(pending
      ? {
          updates: pending.updates,
          security_updates: pending.security,
          doubt: pending.doubt,
          updates_etag: pending.etag ?? null,
        }
      : {}),
  });
  return columns && { hostId, rev: columns.rev, ids: columns.ids };
}

function setColumns(ids: readonly number[], before: PackageSet | undefined) {
  const bytes = encodeIds(ids);
  const hash = hashOfSet(bytes);
  const rev = (before?.rev ?? 0) + (before?.hash === hash ? 0 : 1);
  return { packages: countIds(bytes), rev, hash, ids: bytes };
}
