import type { Kysely } from 'kysely';

/** Join tokens, who used them, and what became of the token that came with a request. */
export const joinTokens = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('join_tokens')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('verifier', 'blob', (column) => column.notNull())
      .addColumn('uses', 'integer', (column) => column.notNull())
      .addColumn('used', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('hosts', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('revoked_at', 'bigint')
      .execute();
    await db.schema
      .createTable('join_token_uses')
      .addColumn('token_id', 'text', (column) => column.notNull())
      .addColumn('spki_sha256', 'text', (column) => column.notNull())
      .addColumn('enrollment_id', 'text', (column) => column.notNull())
      .addColumn('fqdn', 'text', (column) => column.notNull())
      .addColumn('used_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('join_token_uses_by_host', ['token_id', 'spki_sha256', 'fqdn'])
      .execute();
    for (const name of ['join_token', 'join_token_verdict'])
      await db.schema.alterTable('enrollments').addColumn(name, 'text').execute();
    await db.schema.alterTable('enrollments').addColumn('join_token_at', 'bigint').execute();
  },
};
