import { Kysely, SqliteDialect, type Transaction } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { MIGRATIONS } from './migrations/index.ts';
import type { ManagerTables } from './schema.ts';
import { openSqlite } from './sqlite.ts';

/** The manager's database, or a transaction in it. */
export type Database = Kysely<ManagerTables> | Transaction<ManagerTables>;

/** An open database with its schema up to date. */
export interface OpenDatabase extends AsyncDisposable {
  readonly db: Kysely<ManagerTables>;
}

/**
 * Opens the database and brings its schema up to date.
 * @throws the migration's own error; a migration that fails leaves the schema as it was.
 */
export async function openDatabase(path: string): Promise<OpenDatabase> {
  const db = new Kysely<ManagerTables>({ dialect: new SqliteDialect({ database: openSqlite(path) }) });
  const provider = { getMigrations: async (): Promise<Record<string, Migration>> => ({ ...MIGRATIONS }) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error) {
    await db.destroy();
    throw error instanceof Error
      ? error
      : new Error('the database could not be brought up to date', { cause: error });
  }
  return { db, [Symbol.asyncDispose]: () => db.destroy() };
}
