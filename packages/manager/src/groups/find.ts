import { type HostGroup, PatchError } from '@linux-patch/contract';
import { sql } from 'kysely';
import type { Database } from '../database/open.ts';
import type { HostGroupRow } from '../database/schema.ts';

/** The group of this name, in either case. */
export function findGroup(db: Database, name: string): Promise<HostGroupRow | undefined> {
  return db
    .selectFrom('host_groups')
    .selectAll()
    .where(sql`lower(name)`, '=', name.toLowerCase())
    .executeTakeFirst();
}

/** @throws PatchError `GROUP_NOT_FOUND`: a group that there is not is never one without hosts */
export async function getGroup(db: Database, name: string): Promise<HostGroupRow> {
  const row = await findGroup(db, name);
  if (row) return row;
  throw new PatchError(
    'GROUP_NOT_FOUND',
    `There is no group ${name}. Nothing was done. "linux-patch-manager groups list" shows those there are.`,
  );
}

/** Groups with how many hosts are in them, by name; all, or one. */
export async function readGroups(db: Database, id?: string): Promise<HostGroup[]> {
  const members = db
    .selectFrom('group_members as m')
    .innerJoin('hosts as h', 'h.id', 'm.host_id')
    .select([
      'm.group_id',
      sql<number>`sum(case when h.left_at is null then 1 else 0 end)`.as('hosts'),
      sql<number>`sum(case when h.left_at is null then 0 else 1 end)`.as('left_hosts'),
    ])
    .groupBy('m.group_id');
  let wanted = db
    .selectFrom('host_groups as g')
    .leftJoin(
      (id === undefined ? members : members.where('m.group_id', '=', id)).as('c'),
      'c.group_id',
      'g.id',
    )
    .selectAll('g')
    .select(['c.hosts', 'c.left_hosts'])
    .orderBy('g.name');
  if (id !== undefined) wanted = wanted.where('g.id', '=', id);
  return (await wanted.execute()).map((row) => ({
    name: row.name,
    description: row.description,
    hosts: row.hosts ?? 0,
    left: row.left_hosts ?? 0,
    created_at: new Date(row.created_at).toISOString(),
    created_by: row.created_by,
  }));
}

/** A group as administrators see it. */
export async function viewGroup(db: Database, id: string): Promise<HostGroup> {
  const [group] = await readGroups(db, id);
  if (group) return group;
  throw new Error('a group that was just read is gone');
}
