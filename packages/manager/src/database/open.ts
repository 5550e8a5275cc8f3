import { isPatchError, PatchError, VERSION } from '@linux-patch/contract';
import { Kysely, SqliteAdapter, SqliteDialect, sql, type Transaction } from 'kysely';
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

/** @throws PatchError `CONFIG_INVALID` for a database in which a newer version has worked */
async function requireKnown(db: Kysely<ManagerTables>): Promise<void> {
  const done = await sql<{ readonly name: string }>`select name from kysely_migration order by name`.execute(
    db,
  );
  const unknown = done.rows.map(({ name }) => name).find((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown === undefined) return;
  throw new PatchError(
    'CONFIG_INVALID',
    `A newer version of the manager has worked with this database: it has "${unknown}", which version ${VERSION} does not know. Nothing was changed. ` +
      'Install that version again, or restore the backup that was made before the upgrade.',
  );
}

/**
 * Brings the schema up to date, all of it or nothing; returns whether there was none.
 * @throws PatchError `CONFIG_INVALID` for a schema of a newer version, and the migration's own error; the schema is as it was then
 */
export async function migrate(db: Kysely<ManagerTables>): Promise<boolean> {
  const provider = { getMigrations: async (): Promise<Record<string, Migration>> => ({ ...MIGRATIONS }) };
  const { error, results = [] } = await new Migrator({ db, provider }).migrateToLatest();
  if (error) {
    // Where nothing was ever done there is no list of it, and the error itself tells more.
    await requireKnown(db).catch((why: unknown) => {
      if (isPatchError(why, 'CONFIG_INVALID')) throw why;
    });
    throw error instanceof Error
      ? error
      : new Error('the database could not be brought up to date', { cause: error });
  }
  return results.length === Object.keys(MIGRATIONS).length;
}

/** SQLite takes changes of a schema back as it does any other (https://sqlite.org/lang_transaction.html); Kysely would commit each by itself. */
class WholeUpgradeAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
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
  dialect.createAdapter = () => new WholeUpgradeAdapter();
  const db = new Kysely<ManagerTables>({ dialect: toldDialect(dialect, listener) });
  try {
    await migrate(db);
    return { db, [Symbol.asyncDispose]: () => db.destroy() };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}
