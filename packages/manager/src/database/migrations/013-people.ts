import type { Kysely } from 'kysely';

/** People who sign in; names stay taken, so that a name in the records is one person. */
export const people = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('people')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('password', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('disabled_at', 'bigint')
      .addColumn('removed_at', 'bigint')
      .addColumn('last_sign_in_at', 'bigint')
      .execute();
  },
};
