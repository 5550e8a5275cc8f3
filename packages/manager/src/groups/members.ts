import { MAX_GROUPS_OF_HOST, PatchError } from '@linux-patch/contract';
import type { AuditLog } from '../audit/audit-log.ts';
import { textList } from '../database/dialect.ts';
import type { Database } from '../database/open.ts';
import type { HostGroupRow, HostRow } from '../database/schema.ts';

type Group = Pick<HostGroupRow, 'id' | 'name'>;

/** Hosts that one record names. */
const NAMED_TOGETHER = 100;

async function record(
  audit: AuditLog,
  db: Database,
  change: {
    readonly actor: string;
    readonly event: 'group_hosts_added' | 'group_hosts_removed';
    readonly group: string;
    /** Full names. */
    readonly hosts: readonly string[];
  },
): Promise<void> {
  const { actor, event, group, hosts } = change;
  for (let from = 0; from < hosts.length; from += NAMED_TOGETHER) {
    const fields = { group, hosts: hosts.slice(from, from + NAMED_TOGETHER) };
    await audit.record(db, { actor, event, fields });
  }
}

async function namesOf(db: Database, ids: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('hosts')
    .select('fqdn')
    .where('id', 'in', textList(db, ids))
    .orderBy('fqdn')
    .execute();
  return rows.map(({ fqdn }) => fqdn);
}

/** @throws PatchError `INVALID_REQUEST` when a host of this group is in more groups than a host may be */
async function requireRoom(db: Database, groupId: string): Promise<void> {
  const over = await db
    .selectFrom('group_members')
    .select('host_id')
    // By the group and not by a list of ids: PostgreSQL takes such a list for short, and compares it with each host.
    .where('host_id', 'in', (own) =>
      own.selectFrom('group_members as own').select('own.host_id').where('own.group_id', '=', groupId),
    )
    .groupBy('host_id')
    .having((having) => having.fn.countAll<number>(), '>', MAX_GROUPS_OF_HOST)
    .orderBy('host_id')
    .limit(1)
    .executeTakeFirst();
  if (!over) return;
  const [fqdn] = await namesOf(db, [over.host_id]);
  throw new PatchError(
    'INVALID_REQUEST',
    `${fqdn ?? 'A host'} would be in ${MAX_GROUPS_OF_HOST + 1} groups; a host is in at most ${MAX_GROUPS_OF_HOST}. Nothing was changed.`,
  );
}

/** Who changes the hosts of which group, and which hosts. */
interface MemberChange {
  readonly group: Group;
  readonly ids: readonly string[];
  readonly actor: string;
}

/**
 * Puts hosts into a group, in a transaction; those that left meanwhile or are in it already stay as they are.
 * @returns how many were put in
 * @throws PatchError `INVALID_REQUEST` for a host in too many groups
 */
export async function addMembers(
  audit: AuditLog,
  db: Database,
  { group, ids, actor }: MemberChange,
): Promise<number> {
  const within = db.selectFrom('group_members').select('host_id').where('group_id', '=', group.id);
  const rows = await db
    .insertInto('group_members')
    .columns(['group_id', 'host_id'])
    .expression(
      db
        .selectFrom('hosts')
        .select((select) => [select.val(group.id).as('group_id'), 'id'])
        .where('id', 'in', textList(db, ids))
        .where('left_at', 'is', null)
        .where('id', 'not in', within),
    )
    .returning('host_id')
    .execute();
  const added = rows.map(({ host_id }) => host_id);
  await requireRoom(db, group.id);
  const hosts = await namesOf(db, added);
  await record(audit, db, { actor, event: 'group_hosts_added', group: group.name, hosts });
  return added.length;
}

/** Takes hosts out of a group, in a transaction. @returns how many were in it */
export async function removeMembers(
  audit: AuditLog,
  db: Database,
  { group, ids, actor }: MemberChange,
): Promise<number> {
  const rows = await db
    .deleteFrom('group_members')
    .where('group_id', '=', group.id)
    .where('host_id', 'in', textList(db, ids))
    .returning('host_id')
    .execute();
  const hosts = await namesOf(
    db,
    rows.map(({ host_id }) => host_id),
  );
  await record(audit, db, { actor, event: 'group_hosts_removed', group: group.name, hosts });
  return hosts.length;
}

/** Names of their groups by the id of a host, in order; of all hosts without one. */
export async function readGroupNames(
  db: Database,
  hostId?: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  let wanted = db
    .selectFrom('group_members as m')
    .innerJoin('host_groups as g', 'g.id', 'm.group_id')
    .select(['m.host_id', 'g.name'])
    .orderBy('g.name');
  if (hostId !== undefined) wanted = wanted.where('m.host_id', '=', hostId);
  const byHost = new Map<string, string[]>();
  for (const { host_id, name } of await wanted.execute()) {
    const names = byHost.get(host_id);
    if (names) names.push(name);
    else byHost.set(host_id, [name]);
  }
  return byHost;
}

/** Leaves a host in exactly these groups, in a transaction. */
export async function replaceGroups(
  audit: AuditLog,
  db: Database,
  host: Pick<HostRow, 'id'>,
  { groups, actor }: { readonly groups: readonly Group[]; readonly actor: string },
): Promise<void> {
  const before = await db
    .selectFrom('group_members')
    .innerJoin('host_groups', 'host_groups.id', 'group_members.group_id')
    .select(['host_groups.id', 'host_groups.name'])
    .where('host_id', '=', host.id)
    .orderBy('host_groups.name')
    .execute();
  const ids = [host.id];
  for (const group of before.filter(({ id }) => !groups.some((one) => one.id === id)))
    await removeMembers(audit, db, { group, ids, actor });
  for (const group of groups.filter(({ id }) => !before.some((one) => one.id === id)))
    await addMembers(audit, db, { group, ids, actor });
}
