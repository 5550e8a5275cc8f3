import type { Kysely } from 'kysely';

/** Who signs in with an identity provider, and as whom it calls so. */
export const oidc = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('people').addColumn('oidc_issuer', 'text').execute();
    await db.schema.alterTable('people').addColumn('oidc_subject', 'text').execute();
    await db.schema
      .createIndex('people_by_oidc')
      .on('people')
      .columns(['oidc_issuer', 'oidc_subject'])
      .unique()
      .execute();
  },
};
