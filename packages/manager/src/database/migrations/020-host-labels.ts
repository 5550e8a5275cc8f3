import type { Kysely } from 'kysely';

/** Labels and notes of hosts, and labels that join tokens give. */
export const hostLabels = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('host_labels')
      .addColumn('host_id', 'text', (column) => column.notNull().references('hosts.id').onDelete('cascade'))
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('host_labels_by_host', ['host_id', 'key'])
      .execute();
    await db.schema
      .createIndex('host_labels_by_value')
      .on('host_labels')
      .columns(['key', 'value', 'host_id'])
      .execute();
    await db.schema.alterTable('hosts').addColumn('note', 'text').execute();
    await db.schema.alterTable('join_tokens').addColumn('labels', 'text').execute();
  },
};
