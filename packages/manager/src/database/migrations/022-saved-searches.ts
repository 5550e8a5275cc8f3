import { type Kysely, sql } from 'kysely';

/** Selections of hosts under names. */
export const savedSearches = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('saved_searches')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('hosts', 'text', (column) => column.notNull())
      .addColumn('changed_at', 'bigint', (column) => column.notNull())
      .addColumn('changed_by', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('saved_searches_by_name')
      .on('saved_searches')
      .unique()
      .expression(sql`lower(name)`)
      .execute();
  },
};
