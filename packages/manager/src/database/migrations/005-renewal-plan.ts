import type { Kysely } from 'kysely';

/** When each certificate is to be renewed, so that the fleet's renewals are spread and late ones are seen. */
export const renewalPlan = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('certificates').addColumn('renew_at', 'bigint').execute();
    await db.schema.createIndex('certificates_by_renewal').on('certificates').column('renew_at').execute();
  },
};
