import { type HostGroup, PatchError } from '@linux-patch/contract';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { textList } from '../database/dialect.ts';
import type { Database } from '../database/open.ts';
import type { HostGroupRow } from '../database/schema.ts';
import type { Reach } from '../reach/reach.ts';
import { within } from '../reach/within.ts';

/** For `where`: whether a group is there for somebody: their role is bound to it, or they see a host in it. */
function isSeen(db: Database, reach: Reach, group: string): RawBuilder<SqlBool> {
  if (reach === 'everywhere') return sql<SqlBool>`true`;
  const own = reach.flatMap((term) => ('groupId' in term ? term.groupId : []));
  return sql<SqlBool>`(${sql.ref(group)} in ${textList(db, own)}
    or ${sql.ref(group)} in (select group_id from group_members where ${within(reach, 'group_members.host_id')}))`;
}

/** The group of this name, in either case. */
export function findGroup(
  db: Database,
  name: string,
  reach: Reach = 'everywhere',
): Promise<HostGroupRow | undefined> {
  return db
    .selectFrom('host_groups')
    .selectAll()
    .where(sql`lower(name)`, '=', name.toLowerCase())
    .where(isSeen(db, reach, 'host_groups.id'))
    .executeTakeFirst();
}

/** @throws PatchError `GROUP_NOT_FOUND`: a group that there is not is never one without hosts */
export function getGroup(db: Database, name: string): Promise<HostGroupRow> {
  return getSeenGroup(db, 'everywhere', name);
}

/** The same among the groups that are there for somebody. @throws PatchError `GROUP_NOT_FOUND` */
export async function getSeenGroup(db: Database, reach: Reach, name: string): Promise<HostGroupRow> {
  const row = await findGroup(db, name, reach);
  if (row) return row;
  throw new PatchError(
    'GROUP_NOT_FOUND',
    `There is no group ${name}. Nothing was done. "linux-patch-manager groups list" shows those there are.`,
  );
}

/** Groups that are there for somebody with how many hosts of theirs are in them, by name; all, or one. */
export async function readGroups(db: Database, reach: Reach, id?: string): Promise<HostGroup[]> {
  const members = db
    .selectFrom('group_members as m')
    .innerJoin('hosts as h', 'h.id', 'm.host_id')
    .select([
      'm.group_id',
      sql<number>`sum(case when h.left_at is null then 1 else 0 end)`.as('hosts'),
      sql<number>`sum(case when h.left_at is null then 0 else 1 end)`.as('left_hosts'),
    ])
    .where(within(reach, 'm.host_id'))
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
    .where(isSeen(db, reach, 'g.id'))
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
export async function viewGroup(db: Database, id: string, reach: Reach = 'everywhere'): Promise<HostGroup> {
  const [group] = await readGroups(db, reach, id);
  if (group) return group;
  throw new Error('a group that was just read is gone');
}
