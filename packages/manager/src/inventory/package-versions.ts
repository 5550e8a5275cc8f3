import { PatchError } from '@linux-patch/contract';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/open.ts';
import { ORDERED_ECOSYSTEMS, versionKey } from './ecosystem-keys.ts';

/** A version of a package that some host named. */
export interface NamedVersion {
  readonly id: number;
  readonly version: string;
  readonly arch: string;
  /** 1: older than asked, or nothing was asked; 0: not older; null: nobody can tell. */
  readonly older: number | null;
}

/**
 * Every version of a package that any host named, in the order of its package manager.
 * @param than the version that they are compared with
 * @throws PatchError `INVALID_REQUEST` for one that no package manager takes
 */
export async function readVersions(
  db: Database,
  name: string,
  than: string | undefined,
  signal: AbortSignal | undefined,
): Promise<NamedVersion[]> {
  const { rows } =
    await sql<NamedVersion>`select id, version, arch, ${isOlder(than)} as older from package_versions
    where name = ${name} order by eco, version_key is null, version_key, version, arch, id`.execute(db, {
      signal,
    });
  return rows;
}

function isOlder(than: string | undefined): RawBuilder<number | null> {
  if (than === undefined) return sql<number>`1`;
  const keys = ORDERED_ECOSYSTEMS.flatMap((eco) => {
    const key = versionKey(eco, than);
    return key ? [sql`when eco = ${eco} then case when version_key < ${key} then 1 else 0 end`] : [];
  });
  if (keys.length === 0)
    throw new PatchError(
      'INVALID_REQUEST',
      `${than} is not a version that dpkg, rpm or pacman takes, so nothing can be compared with it.`,
    );
  return sql<number | null>`case when version_key is null then null ${sql.join(keys, sql` `)} end`;
}
