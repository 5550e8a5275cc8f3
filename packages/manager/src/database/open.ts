import { Kysely, SqliteDialect, type Transaction } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { MIGRATIONS } from './migrations/index.ts';
import type { ManagerTables } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import { type ChangeListener, NOBODY_LISTENS, toldDialect } from './told-dialect.ts';

/** The manager's database, or a transaction in it. */
export type Database = Kysely<ManagerTables> | Transaction<ManagerTables>;

/** An open database with its schema up to date. */
export interface OpenDatabase extends AsyncDisposable {
  readonly db: Kysely<ManagerTables>;
}

/**
 * Brings the schema up to date; returns whether there was none.
 * @throws the migration's own error; a migration that fails leaves the schema as it was.
 */
export async function migrate(db: Kysely<ManagerTables>): Promise<boolean> {
  const provider = { getMigrations: async (): Promise<Record<string, Migration>> => ({ ...MIGRATIONS }) };
  const { error, results = [] } = await new Migrator({ db, provider }).migrateToLatest();
  if (error) {
    throw error instanceof Error
      ? error
      : new Error('the database could not be brought up to date', { cause: error });
  }
  return results.length === Object.keys(MIGRATIONS).length;
}

/**
 * Opens a file of SQLite and brings its schema up to date.
 * @throws the migration's own error; a migration that fails leaves the schema as it was.
 */
export async function openDatabase(
  path: string,
  listener: ChangeListener = NOBODY_LISTENS,
): Promise<OpenDatabase> {
  const dialect = new SqliteDialect({ database: openSqlite(path) });
  const db = new Kysely<ManagerTables>({ dialect: toldDialect(dialect, listener) });
  try {
    await migrate(db);
    return { db, [Symbol.asyncDispose]: () => db.destroy() };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}
