import type { Kysely } from 'kysely';
import { refuseChanges } from './triggers.ts';

/** Package versions that hosts named, once for the whole fleet; rows are only ever added. */
async function createDictionary(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('package_versions')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('eco', 'text', (column) => column.notNull())
    .addColumn('arch', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('source_name', 'text', (column) => column.notNull())
    .addColumn('source_version', 'text', (column) => column.notNull())
    .addColumn('version_key', 'blob')
    .addColumn('first_seen_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('package_versions_once', [
      'name',
      'eco',
      'arch',
      'version',
      'source_name',
      'source_version',
    ])
    .execute();
  await refuseChanges(db, {
    table: 'package_versions',
    changes: ['update'],
    message: 'the dictionary of packages is insert-only',
  });
}

/** What belongs to a host and goes with its record. */
const hostTable = (db: Kysely<unknown>, name: string) =>
  db.schema
    .createTable(name)
    .addColumn('host_id', 'text', (column) => column.notNull().references('hosts.id').onDelete('cascade'));

async function createSets(db: Kysely<unknown>): Promise<void> {
  await hostTable(db, 'package_sets')
    .addColumn('eco', 'text')
    .addColumn('rev', 'integer', (column) => column.notNull())
    .addColumn('hash', 'text')
    .addColumn('listed_at', 'bigint')
    .addColumn('checked_at', 'bigint', (column) => column.notNull())
    .addColumn('list_error', 'text')
    .addColumn('doubt', 'text')
    .addColumn('packages', 'integer', (column) => column.notNull())
    .addColumn('updates', 'integer', (column) => column.notNull())
    .addColumn('security_updates', 'integer', (column) => column.notNull())
    .addColumn('revision', 'text')
    .addColumn('packages_etag', 'text')
    .addColumn('updates_etag', 'text')
    .addColumn('new_rows_day', 'integer', (column) => column.notNull())
    .addColumn('new_rows', 'integer', (column) => column.notNull())
    // Last, so that what is before it is read without its pages.
    .addColumn('ids', 'blob')
    .addPrimaryKeyConstraint('package_sets_host', ['host_id'])
    .execute();
}

async function createUpdates(db: Kysely<unknown>): Promise<void> {
  await hostTable(db, 'host_updates')
    .addColumn('candidate_id', 'integer', (column) => column.notNull().references('package_versions.id'))
    .addColumn('installed_version', 'text', (column) => column.notNull())
    .addColumn('security', 'integer')
    .addColumn('security_version', 'text')
    .addColumn('held', 'integer', (column) => column.notNull())
    .addColumn('phased', 'integer', (column) => column.notNull())
    .addColumn('hidden', 'integer', (column) => column.notNull())
    .addColumn('origin', 'text')
    .addColumn('first_seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('host_updates_once', ['host_id', 'candidate_id'])
    .execute();
  await db.schema
    .createIndex('host_updates_by_candidate')
    .on('host_updates')
    // With what is counted of each, so that the whole fleet is counted without the table.
    .columns(['candidate_id', 'host_id', 'security', 'first_seen_at'])
    .execute();
}

async function createChanges(db: Kysely<unknown>): Promise<void> {
  await hostTable(db, 'package_changes')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('job_id', 'text')
    .addColumn('removed', 'blob', (column) => column.notNull())
    .addColumn('added', 'blob', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('package_changes_by_host')
    .on('package_changes')
    .columns(['host_id', 'at'])
    .execute();
  await db.schema.createIndex('package_changes_by_time').on('package_changes').column('at').execute();
  await hostTable(db, 'started_jobs')
    .addColumn('job_id', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('started_jobs_once', ['host_id', 'job_id'])
    .execute();
}

/** What hosts have installed, what waits on them, and what changed by whom. */
export const inventory = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createDictionary(db);
    await createSets(db);
    await createUpdates(db);
    await createChanges(db);
  },
};
