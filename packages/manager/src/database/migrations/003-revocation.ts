import type { Kysely } from 'kysely';

/** Hosts that left, the revocation list in force, and what hosts said when they were asked last. */
export const revocation = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('hosts').addColumn('left_at', 'bigint').execute();
    await db.schema
      .createIndex('certificates_by_revocation')
      .on('certificates')
      .columns(['revoked_at', 'not_after'])
      .execute();
    await db.schema.createIndex('certificates_by_key').on('certificates').column('spki_sha256').execute();
    await db.schema
      .createTable('revocation_lists')
      .addColumn('number', 'bigint', (column) => column.primaryKey())
      .addColumn('issuer_spki', 'text', (column) => column.notNull())
      .addColumn('revoked_count', 'integer', (column) => column.notNull())
      .addColumn('urgent_count', 'integer', (column) => column.notNull())
      .addColumn('complete_since', 'bigint', (column) => column.notNull())
      .addColumn('this_update', 'bigint', (column) => column.notNull())
      .addColumn('next_update', 'bigint', (column) => column.notNull())
      .addColumn('pem', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('host_reports')
      .addColumn('host_id', 'text', (column) => column.primaryKey())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('health', 'text', (column) => column.notNull())
      .addColumn('served_serial', 'text')
      .execute();
    await db.schema
      .createTable('list_deliveries')
      .addColumn('host_id', 'text', (column) => column.primaryKey())
      .addColumn('number', 'bigint')
      .addColumn('error', 'text')
      .execute();
  },
};
