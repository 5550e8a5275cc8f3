import { addressPrefix } from '@linux-patch/pki';
import { type Kysely, sql } from 'kysely';

/** From whom requests come, so that one caller does not fill the queue; and what requests of one name are found by. */
export const callers = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('enrollments')
      .addColumn('caller', 'text', (column) => column.notNull().defaultTo(''))
      .execute();
    const addresses = await sql<{
      observed_address: string;
    }>`select distinct observed_address from enrollments`.execute(db);
    for (const { observed_address: address } of addresses.rows) {
      await sql`update enrollments set caller = ${addressPrefix(address)} where observed_address = ${address}`.execute(
        db,
      );
    }
    await db.schema
      .createIndex('enrollments_by_caller')
      .on('enrollments')
      .columns(['state', 'caller', 'last_poll_at', 'created_at'])
      .execute();
    await db.schema
      .createIndex('enrollments_by_name')
      .on('enrollments')
      .columns(['fqdn', 'state', 'created_at'])
      .execute();
  },
};
