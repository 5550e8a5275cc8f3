import { type Kysely, sql } from 'kysely';
import { inDialect } from '../dialect.ts';

/** What a trigger guards, and the words with which it refuses. */
interface Refusal {
  readonly table: string;
  readonly changes: readonly ('update' | 'delete')[];
  readonly message: string;
}

async function refuseInSqlite(db: Kysely<unknown>, { table, changes, message }: Refusal): Promise<void> {
  for (const change of changes) {
    await sql`create trigger ${sql.ref(`${table}_no_${change}`)} before ${sql.raw(change)} on ${sql.table(table)}
      begin select raise(abort, ${sql.lit(message)}); end`.execute(db);
  }
}

async function refuseInPostgres(db: Kysely<unknown>, { table, changes, message }: Refusal): Promise<void> {
  const name = `${table}_refuse`;
  await sql`create function ${sql.ref(name)}() returns trigger language plpgsql as
    ${sql.lit(`begin raise exception '${message.replaceAll("'", "''")}'; end`)}`.execute(db);
  for (const change of [...changes, 'truncate']) {
    await sql`create trigger ${sql.ref(`${table}_no_${change}`)} before ${sql.raw(change)} on ${sql.table(table)}
      for each ${sql.raw(change === 'truncate' ? 'statement' : 'row')} execute function ${sql.ref(name)}()`.execute(
      db,
    );
  }
}

/** From now on the database itself refuses such changes of a table. */
export async function refuseChanges(db: Kysely<unknown>, refusal: Refusal): Promise<void> {
  await inDialect(db, { sqlite: refuseInSqlite, postgres: refuseInPostgres })(db, refusal);
}
