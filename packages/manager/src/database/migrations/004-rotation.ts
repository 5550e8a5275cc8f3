import type { Kysely } from 'kysely';

/** Which CA issued a certificate, and how far each host has followed the replacement of the root. */
export const rotation = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('certificates')
      .addColumn('ca', 'text', (column) => column.notNull().defaultTo('ca-1'))
      .execute();
    await db.schema
      .createTable('host_trust')
      .addColumn('host_id', 'text', (column) => column.primaryKey())
      .addColumn('stage', 'text')
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('state', 'text')
      .addColumn('error', 'text')
      .execute();
  },
};
