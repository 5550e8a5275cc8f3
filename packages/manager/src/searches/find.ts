import { PatchError } from '@linux-patch/contract';
import { sql } from 'kysely';
import type { Database } from '../database/open.ts';
import type { SavedSearchRow } from '../database/schema.ts';

/** The saved search of this name, in either case. */
export function findSearch(db: Database, name: string): Promise<SavedSearchRow | undefined> {
  return db
    .selectFrom('saved_searches')
    .selectAll()
    .where(sql`lower(name)`, '=', name.toLowerCase())
    .executeTakeFirst();
}

/** @throws PatchError `SEARCH_NOT_FOUND` */
export async function getSearch(db: Database, name: string): Promise<SavedSearchRow> {
  const row = await findSearch(db, name);
  if (row) return row;
  throw new PatchError(
    'SEARCH_NOT_FOUND',
    `There is no saved search ${name}. Nothing was done. "linux-patch-manager searches list" shows those there are.`,
  );
}
