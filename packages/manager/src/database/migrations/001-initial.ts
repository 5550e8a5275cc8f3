import { type Kysely, sql } from 'kysely';
import { inDialect } from '../dialect.ts';
import { refuseChanges } from './triggers.ts';

async function createHosts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('hosts')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('fqdn', 'text', (column) => column.notNull().unique())
    .addColumn('hostname', 'text')
    .addColumn('machine_id', 'text', (column) => column.notNull())
    .addColumn('ip_address', 'text', (column) => column.notNull())
    .addColumn('agent_port', 'integer', (column) => column.notNull())
    .addColumn('os_details', 'text', (column) => column.notNull())
    .addColumn('key_origin', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint')
    .addColumn('last_error', 'text')
    .execute();
}

async function createEnrollments(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('enrollments')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('token_hash', 'text', (column) => column.notNull().unique())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('machine_id', 'text', (column) => column.notNull())
    .addColumn('fqdn', 'text', (column) => column.notNull())
    .addColumn('hostname', 'text')
    .addColumn('ip_address', 'text', (column) => column.notNull())
    .addColumn('observed_address', 'text', (column) => column.notNull())
    .addColumn('os_details', 'text', (column) => column.notNull())
    .addColumn('extension', 'text')
    .addColumn('spki', 'blob')
    .addColumn('spki_sha256', 'text')
    .addColumn('key_id', 'text')
    .addColumn('nonce_m', 'text', (column) => column.notNull())
    .addColumn('used_proofs', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('last_poll_at', 'bigint')
    .addColumn('decided_at', 'bigint')
    .addColumn('decided_by', 'text')
    .addColumn('code_verified', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('failed_codes', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('locked_until', 'bigint')
    .addColumn('deny_reason', 'text')
    .addColumn('deny_tag', 'text')
    .addColumn('host_id', 'text')
    .addColumn('bundle', 'text')
    .addColumn('serial', 'text')
    .execute();
  await db.schema
    .createIndex('enrollments_by_machine')
    .on('enrollments')
    .columns(['machine_id', 'state'])
    .execute();
  await db.schema.createIndex('enrollments_by_key').on('enrollments').column('spki_sha256').execute();
  await db.schema
    .createIndex('enrollments_by_state')
    .on('enrollments')
    .columns(['state', 'expires_at'])
    .execute();
}

async function createCertificates(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('certificates')
    .addColumn('serial', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('host_id', 'text')
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('spki_sha256', 'text', (column) => column.notNull())
    .addColumn('not_before', 'bigint', (column) => column.notNull())
    .addColumn('not_after', 'bigint', (column) => column.notNull())
    .addColumn('issued_at', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .addColumn('revoke_reason', 'text')
    .execute();
  await db.schema
    .createIndex('certificates_by_host')
    .on('certificates')
    .columns(['host_id', 'issued_at'])
    .execute();
  // What SQLite knows by itself, as `rowid`.
  await inDialect(db, {
    sqlite: async () => {},
    postgres: async () =>
      void (await sql`alter table certificates add column recorded bigint generated always as identity`.execute(
        db,
      )),
  })();
}

async function createAudit(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('fields', 'text', (column) => column.notNull())
    .addColumn('previous_hash', 'text', (column) => column.notNull().unique())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await refuseChanges(db, {
    table: 'audit',
    changes: ['update', 'delete'],
    message: 'the audit log is append-only',
  });
}

/** The first schema. */
export const initial = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createHosts(db);
    await createEnrollments(db);
    await createCertificates(db);
    await createAudit(db);
    await db.schema
      .createTable('settings')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('value', 'text', (column) => column.notNull())
      .execute();
  },
};
