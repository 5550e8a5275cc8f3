import { type Kysely, sql } from 'kysely';
import { inDialect } from '../dialect.ts';

const WHEN_REVOKED = sql`after update of revoked_at on certificates for each row
  when (old.revoked_at is null and new.revoked_at is not null)`;

async function countInSqlite(db: Kysely<unknown>): Promise<void> {
  const count = sql.raw('begin update revocation_count set revoked = revoked + 1; end');
  await sql`create trigger certificates_count_revoked ${WHEN_REVOKED} ${count}`.execute(db);
  await sql`create trigger certificates_count_added_revoked after insert on certificates
    when new.revoked_at is not null ${count}`.execute(db);
}

async function countInPostgres(db: Kysely<unknown>): Promise<void> {
  await sql`create function count_revoked() returns trigger language plpgsql as
    'begin update revocation_count set revoked = revoked + 1; return null; end'`.execute(db);
  await sql`create function count_added_revoked() returns trigger language plpgsql as
    'begin
      update revocation_count
        set revoked = revoked + (select count(*) from added where revoked_at is not null)
        where exists (select from added where revoked_at is not null);
      return null;
    end'`.execute(db);
  await sql`create trigger certificates_count_revoked ${WHEN_REVOKED} execute function count_revoked()`.execute(
    db,
  );
  await sql`create trigger certificates_count_added_revoked after insert on certificates
    referencing new table as added for each statement execute function count_added_revoked()`.execute(db);
}

/**
 * How many certificates are revoked, counted by the database itself, and the manager's own ones by an index: so that
 * the lists cost the same however many there are. The list in force is of the older kind and signed anew.
 */
export const revocationCount = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('revocation_count')
      .addColumn('revoked', 'integer', (column) => column.notNull())
      .execute();
    await sql`insert into revocation_count
      select count(*) from certificates where revoked_at is not null`.execute(db);
    await inDialect(db, { sqlite: countInSqlite, postgres: countInPostgres })(db);
    await db.schema
      .createIndex('certificates_by_kind')
      .on('certificates')
      .columns(['kind', 'revoked_at'])
      .execute();
    await sql`update revocation_lists set revoked_count = -1`.execute(db);
  },
};
