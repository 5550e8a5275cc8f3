import type { Kysely } from 'kysely';

/** So that a request costs the same with ten thousand hosts: its key, and the hosts it may be, are found by an index. */
export const lookups = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.dropIndex('enrollments_by_key').execute();
    await db.schema
      .createIndex('enrollments_by_key')
      .on('enrollments')
      .columns(['spki_sha256', 'state', 'expires_at'])
      .execute();
    await db.schema.createIndex('hosts_by_address').on('hosts').column('ip_address').execute();
    await db.schema.createIndex('hosts_by_machine').on('hosts').column('machine_id').execute();
  },
};
