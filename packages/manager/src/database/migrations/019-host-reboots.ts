import type { Kysely } from 'kysely';

/** Whether hosts need a reboot, as they said when they were listed last. */
export const hostReboots = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('host_reboots')
      .addColumn('host_id', 'text', (column) =>
        column.primaryKey().references('hosts.id').onDelete('cascade'),
      )
      .addColumn('needed', 'integer', (column) => column.notNull())
      .addColumn('reasons', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .execute();
  },
};
