import type { Kysely } from 'kysely';

/** Where people are signed in, and were a while ago. */
export const sessions = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('sessions')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('person_id', 'text', (column) => column.notNull().references('people.id'))
      .addColumn('verifier', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('seen_at', 'bigint', (column) => column.notNull())
      .addColumn('signed_out_at', 'bigint')
      .addColumn('address', 'text', (column) => column.notNull())
      .addColumn('client', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('sessions_by_person')
      .on('sessions')
      .columns(['person_id', 'created_at'])
      .execute();
    await db.schema.createIndex('sessions_by_time').on('sessions').column('created_at').execute();
  },
};
