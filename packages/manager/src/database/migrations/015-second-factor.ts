import type { Kysely } from 'kysely';

/** Authenticators of people, their recovery codes, and when somebody showed last that it is them. */
export const secondFactor = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('people').addColumn('totp_secret', 'text').execute();
    await db.schema.alterTable('people').addColumn('totp_offered', 'text').execute();
    await db.schema.alterTable('people').addColumn('totp_step', 'bigint').execute();
    await db.schema
      .alterTable('sessions')
      .addColumn('proven_at', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema
      .createTable('recovery_codes')
      .addColumn('person_id', 'text', (column) => column.notNull().references('people.id'))
      .addColumn('verifier', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('recovery_codes_once', ['person_id', 'verifier'])
      .execute();
  },
};
