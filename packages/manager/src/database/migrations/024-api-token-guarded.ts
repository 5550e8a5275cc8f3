import type { Kysely } from 'kysely';

/** What a token may do beyond its role's ordinary permissions; one from before may let nobody in. */
export const apiTokenGuarded = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('api_tokens')
      .addColumn('allowed', 'text', (column) => column.notNull().defaultTo('[]'))
      .execute();
  },
};
