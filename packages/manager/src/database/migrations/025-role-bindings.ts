import { type Kysely, sql } from 'kysely';

/** Roles that people and API tokens have for the hosts of a group or with a label; whoever was there keeps what they have for all. */
export const roleBindings = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('role_bindings')
      .addColumn('person_id', 'text', (column) => column.references('people.id').onDelete('cascade'))
      .addColumn('api_token', 'text', (column) => column.references('api_tokens.name').onDelete('cascade'))
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('group_id', 'text', (column) => column.references('host_groups.id').onDelete('cascade'))
      .addColumn('label_key', 'text')
      .addColumn('label_value', 'text')
      .addCheckConstraint('role_bindings_one_holder', sql`(person_id is null) <> (api_token is null)`)
      .addCheckConstraint(
        'role_bindings_one_term',
        sql`(group_id is null) <> (label_key is null) and (label_key is null) = (label_value is null)`,
      )
      .execute();
    for (const column of ['person_id', 'api_token', 'group_id', 'label_key'])
      await db.schema.createIndex(`role_bindings_by_${column}`).on('role_bindings').column(column).execute();
  },
};
