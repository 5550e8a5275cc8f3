import { type Kysely, sql } from 'kysely';

/** Since when a package waits on a host, whatever version of it; of before only the present version is known. */
export const waitingSince = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('host_updates')
      .addColumn('waiting_since', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await sql`update host_updates set waiting_since = first_seen_at`.execute(db);
    await db.schema.dropIndex('host_updates_by_candidate').execute();
    await db.schema
      .createIndex('host_updates_by_candidate')
      .on('host_updates')
      // With what is counted of each, so that the whole fleet is counted without the table.
      .columns(['candidate_id', 'host_id', 'security', 'first_seen_at', 'waiting_since'])
      .execute();
  },
};
