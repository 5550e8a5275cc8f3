import { type Kysely, sql } from 'kysely';

/** Groups of hosts, and those into which join tokens put hosts. */
export const hostGroups = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('host_groups')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('description', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('host_groups_by_name')
      .on('host_groups')
      .unique()
      .expression(sql`lower(name)`)
      .execute();
    await db.schema
      .createTable('group_members')
      .addColumn('group_id', 'text', (column) =>
        column.notNull().references('host_groups.id').onDelete('cascade'),
      )
      .addColumn('host_id', 'text', (column) => column.notNull().references('hosts.id').onDelete('cascade'))
      .addPrimaryKeyConstraint('group_members_by_group', ['group_id', 'host_id'])
      .execute();
    await db.schema
      .createIndex('group_members_by_host')
      .on('group_members')
      .columns(['host_id', 'group_id'])
      .execute();
    await db.schema
      .createTable('join_token_groups')
      .addColumn('token_id', 'text', (column) =>
        column.notNull().references('join_tokens.id').onDelete('cascade'),
      )
      .addColumn('group_id', 'text', (column) =>
        column.notNull().references('host_groups.id').onDelete('cascade'),
      )
      .addPrimaryKeyConstraint('join_token_groups_by_token', ['token_id', 'group_id'])
      .execute();
    await db.schema
      .createIndex('join_token_groups_by_group')
      .on('join_token_groups')
      .column('group_id')
      .execute();
  },
};
