import type { Kysely } from 'kysely';

/** Which certificate proved the renewal that a certificate came from. */
export const lineage = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('certificates').addColumn('renewed_from', 'text').execute();
  },
};
