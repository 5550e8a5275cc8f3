import type { Kysely } from 'kysely';

/** API tokens; names stay taken, so that a name in the records is one token. */
export const apiTokens = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('api_tokens')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('verifier', 'blob', (column) => column.notNull())
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('revoked_at', 'bigint')
      .addColumn('last_used_at', 'bigint')
      .addColumn('last_used_from', 'text')
      .execute();
  },
};
