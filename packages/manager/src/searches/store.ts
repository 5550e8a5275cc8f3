import { type CreateSearch, MAX_SAVED_SEARCHES, PatchError, type SavedSearch } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import { type Acting, requireStill } from '../audit/acting.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { ManagerTables, SavedSearchRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { findSearch, getSearch } from './find.ts';

export interface SearchContext {
  readonly db: Kysely<ManagerTables>;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** A saved search as people see it. */
export function toView({ name, hosts, changed_at, changed_by }: SavedSearchRow): SavedSearch {
  return { name, hosts, changed_at: new Date(changed_at).toISOString(), changed_by };
}

/** Every saved search, by name. */
export async function listSearches(db: Database): Promise<SavedSearch[]> {
  const rows = await db.selectFrom('saved_searches').selectAll().orderBy('name').execute();
  return rows.map(toView);
}

async function requireRoom(db: Database, name: string): Promise<void> {
  const same = await findSearch(db, name);
  if (same)
    throw new PatchError(
      'SEARCH_CONFLICT',
      `There is a saved search ${same.name} already${same.name === name ? '' : ', and no two differ by case alone'}. Nothing was changed.`,
    );
  const { count } = await db
    .selectFrom('saved_searches')
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count < MAX_SAVED_SEARCHES) return;
  throw new PatchError(
    'SEARCH_CONFLICT',
    `There are ${MAX_SAVED_SEARCHES} saved searches, and there may be no more. Nothing was made. Delete one that nobody uses: "linux-patch-manager searches list".`,
  );
}

/** Keeps a selection that was checked. @throws PatchError `SEARCH_CONFLICT` */
export function createSearch(
  { db, audit, clock }: SearchContext,
  { name, hosts }: CreateSearch,
  by: Acting,
): Promise<SavedSearch> {
  return inTransaction(db, async (own) => {
    requireStill(by);
    await requireRoom(own, name);
    const row: SavedSearchRow = { name, hosts, changed_at: clock.now(), changed_by: by.name };
    await own.insertInto('saved_searches').values(row).execute();
    await audit.record(own, {
      actor: by.name,
      event: 'saved_search_created',
      fields: { search: name, hosts },
    });
    return toView(row);
  });
}

/** Keeps another selection that was checked; the same one is no change and not on record. @throws PatchError `SEARCH_NOT_FOUND` */
export function changeSearch(
  { db, audit, clock }: SearchContext,
  { name, hosts }: CreateSearch,
  by: Acting,
): Promise<SavedSearch> {
  return inTransaction(db, async (own) => {
    requireStill(by);
    const before = await getSearch(own, name);
    if (before.hosts === hosts) return toView(before);
    const change = { hosts, changed_at: clock.now(), changed_by: by.name };
    await own.updateTable('saved_searches').set(change).where('name', '=', before.name).execute();
    const fields = { search: before.name, hosts, previous_hosts: before.hosts };
    await audit.record(own, { actor: by.name, event: 'saved_search_changed', fields });
    return toView({ ...before, ...change });
  });
}

/** @throws PatchError `SEARCH_NOT_FOUND` */
export function deleteSearch(
  { db, audit }: SearchContext,
  reference: string,
  by: Acting,
): Promise<SavedSearch> {
  return inTransaction(db, async (own) => {
    requireStill(by);
    const row = await getSearch(own, reference);
    await own.deleteFrom('saved_searches').where('name', '=', row.name).execute();
    const fields = { search: row.name, hosts: row.hosts };
    await audit.record(own, { actor: by.name, event: 'saved_search_deleted', fields });
    return toView(row);
  });
}
