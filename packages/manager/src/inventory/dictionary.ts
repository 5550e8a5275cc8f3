import { sql } from 'kysely';
import { numberList, textRows } from '../database/dialect.ts';
import type { PackageVersionRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import { versionKey } from './ecosystem-keys.ts';
import { identityOf, type PackageVersion } from './packages.ts';

/** A package version with its number. */
export interface DictionaryEntry extends PackageVersion {
  readonly id: number;
  readonly eco: string;
}

/** Rows of one statement; SQLite takes 32,766 values, PostgreSQL 65,535. */
const ROWS_TOGETHER = 500;

type Row = Omit<PackageVersionRow, 'id' | 'version_key' | 'first_seen_at'> & { readonly id: number };

function toEntry(row: Row): DictionaryEntry {
  const { id, eco, name, arch, version, source_name: sourceName, source_version: sourceVersion } = row;
  return { id, eco, name, arch, version, sourceName, sourceVersion };
}

/** Numbers of those package versions that the dictionary has, by their identity. */
export async function findIds(
  db: Database,
  eco: string,
  packages: readonly PackageVersion[],
): Promise<Map<string, number>> {
  const wanted = textRows(
    db,
    packages.map((one) => [one.name, one.arch, one.version, one.sourceName, one.sourceVersion]),
  );
  const { rows } =
    await sql<Row>`select v.id, v.eco, v.name, v.arch, v.version, v.source_name, v.source_version
    from ${wanted} cross join package_versions as v
    where v.name = e.value->>0 and v.eco = ${eco} and v.arch = e.value->>1 and v.version = e.value->>2
      and v.source_name = e.value->>3 and v.source_version = e.value->>4`.execute(db);
  return new Map(rows.map((row) => [identityOf(toEntry(row)), row.id]));
}

/** Adds package versions that the dictionary does not have. */
export async function addVersions(
  own: Database,
  eco: string,
  packages: readonly PackageVersion[],
  nowMs: number,
): Promise<void> {
  for (let start = 0; start < packages.length; start += ROWS_TOGETHER) {
    const rows = packages.slice(start, start + ROWS_TOGETHER).map((one) => ({
      eco,
      name: one.name,
      arch: one.arch,
      version: one.version,
      source_name: one.sourceName,
      source_version: one.sourceVersion,
      version_key: versionKey(eco, one.version) ?? null,
      first_seen_at: nowMs,
    }));
    await own.insertInto('package_versions').values(rows).execute();
  }
}

/** The package versions with these numbers, by name. */
export async function readEntries(db: Database, ids: readonly number[]): Promise<DictionaryEntry[]> {
  const rows = await db
    .selectFrom('package_versions')
    .select(['id', 'eco', 'name', 'arch', 'version', 'source_name', 'source_version'])
    .where('id', 'in', numberList(db, ids))
    .orderBy('name')
    .orderBy('arch')
    .orderBy('version_key')
    .execute();
  return rows.map(toEntry);
}
