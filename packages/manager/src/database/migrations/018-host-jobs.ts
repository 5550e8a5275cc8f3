import type { Kysely } from 'kysely';

/** What this manager was asked to have done on hosts. Rows outlive the record of their host. */
export const hostJobs = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('host_jobs')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('host_id', 'text', (column) => column.notNull())
      .addColumn('fqdn', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('operation', 'text', (column) => column.notNull())
      .addColumn('request', 'text', (column) => column.notNull())
      .addColumn('plan_hash', 'text')
      .addColumn('instance_id', 'text')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('job_id', 'text')
      .addColumn('asked_at', 'bigint', (column) => column.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('result', 'text')
      .addUniqueConstraint('host_jobs_key_once', ['host_id', 'key'])
      .execute();
    await db.schema.createIndex('host_jobs_by_time').on('host_jobs').columns(['asked_at', 'id']).execute();
    await db.schema
      .createIndex('host_jobs_by_state')
      .on('host_jobs')
      .columns(['state', 'asked_at'])
      .execute();
    await db.schema
      .createIndex('host_jobs_by_host')
      .on('host_jobs')
      .columns(['host_id', 'asked_at'])
      .execute();
    await db.schema.createIndex('host_jobs_by_job').on('host_jobs').columns(['host_id', 'job_id']).execute();
  },
};
