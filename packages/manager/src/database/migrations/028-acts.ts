import { type Kysely, sql } from 'kysely';
import { inDialect } from '../dialect.ts';

/** What is asked of many hosts at once, which jobs are parts of it, and how jobs ended. */
export const acts = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('acts')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('wish_hash', 'text', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('operation', 'text', (column) => column.notNull())
      .addColumn('security_only', 'integer', (column) => column.notNull())
      .addColumn('search', 'text')
      .addColumn('asked_at', 'bigint', (column) => column.notNull())
      .addColumn('stopped_at', 'bigint')
      .addColumn('stopped_by', 'text')
      .addUniqueConstraint('acts_key_once', ['actor', 'key'])
      .execute();
    await db.schema.createIndex('acts_by_time').on('acts').columns(['asked_at', 'id']).execute();
    await db.schema.alterTable('host_jobs').addColumn('act_id', 'text').execute();
    await db.schema.alterTable('host_jobs').addColumn('status', 'text').execute();
    const status = inDialect(db, {
      sqlite: sql<string>`json_extract(result, '$.status')`,
      postgres: sql<string>`result::jsonb ->> 'status'`,
    });
    await sql`update host_jobs set status = ${status} where state = 'ended' and result is not null`.execute(
      db,
    );
    await db.schema.dropIndex('host_jobs_by_state').execute();
    await db.schema
      .createIndex('host_jobs_by_state')
      .on('host_jobs')
      // Thousands that wait were asked for at once: who is next is found without sorting them.
      .columns(['state', 'asked_at', 'id'])
      .execute();
    await db.schema
      .createIndex('host_jobs_by_act')
      .on('host_jobs')
      // With what is counted, so that an act is counted without the table.
      .columns(['act_id', 'state', 'status'])
      .execute();
  },
};
