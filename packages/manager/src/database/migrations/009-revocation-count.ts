import { type Kysely, sql } from 'kysely';

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
    await sql`create trigger certificates_count_revoked after update of revoked_at on certificates
      when old.revoked_at is null and new.revoked_at is not null
      begin update revocation_count set revoked = revoked + 1; end`.execute(db);
    await sql`create trigger certificates_count_added_revoked after insert on certificates
      when new.revoked_at is not null
      begin update revocation_count set revoked = revoked + 1; end`.execute(db);
    await db.schema
      .createIndex('certificates_by_kind')
      .on('certificates')
      .columns(['kind', 'revoked_at'])
      .execute();
    await sql`update revocation_lists set revoked_count = -1`.execute(db);
  },
};
