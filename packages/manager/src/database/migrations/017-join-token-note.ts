import type { Kysely } from 'kysely';

/** What a join token is for, in the words of who made it. */
export const joinTokenNote = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('join_tokens').addColumn('note', 'text').execute();
  },
};
