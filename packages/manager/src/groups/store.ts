import {
  type CreateGroup,
  type GroupChange,
  type GroupDeleted,
  type GroupMembers,
  type HostGroup,
  isoOf,
  MAX_GROUPS,
  PatchError,
} from '@linux-patch/contract';
import type { Clock, Random } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import { type Acting, requireStill } from '../audit/acting.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { HostGroupRow, ManagerTables } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { Reach } from '../reach/reach.ts';
import { within } from '../reach/within.ts';
import { findGroup, getGroup, getSeenGroup, viewGroup } from './find.ts';
import { removeMembers } from './members.ts';

export interface GroupContext {
  readonly db: Kysely<ManagerTables>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Random;
}

async function requireFree(db: Database, name: string): Promise<void> {
  const same = await findGroup(db, name);
  if (same)
    throw new PatchError(
      'GROUP_CONFLICT',
      `There is a group ${same.name} already${same.name === name ? '' : ', and no two differ by case alone'}. Nothing was changed.`,
    );
}

async function requireRoom(db: Database): Promise<void> {
  const { count } = await db
    .selectFrom('host_groups')
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count < MAX_GROUPS) return;
  throw new PatchError(
    'GROUP_CONFLICT',
    `There are ${MAX_GROUPS} groups, and there may be no more. Nothing was made. Delete one that nobody uses: "linux-patch-manager groups list".`,
  );
}

/** @throws PatchError `GROUP_CONFLICT` */
export function createGroup(
  { db, audit, clock, random }: GroupContext,
  { name, description }: CreateGroup,
  by: Acting,
): Promise<HostGroup> {
  const id = random.uuid();
  return inTransaction(db, async (own) => {
    requireStill(by);
    await requireFree(own, name);
    await requireRoom(own);
    const row: HostGroupRow = {
      id,
      name,
      description: description ?? null,
      created_at: clock.now(),
      created_by: by.name,
    };
    await own.insertInto('host_groups').values(row).execute();
    await audit.record(own, {
      actor: by.name,
      event: 'group_created',
      fields: { group: name, description: row.description },
    });
    return viewGroup(own, id);
  });
}

/** What is so already is no change and not on record. @throws PatchError `GROUP_NOT_FOUND`, `GROUP_CONFLICT` */
export function changeGroup(
  { db, audit }: GroupContext,
  reference: string,
  { by, name, description }: GroupChange & { readonly by: Acting },
): Promise<HostGroup> {
  return inTransaction(db, async (own) => {
    requireStill(by);
    const before = await getGroup(own, reference);
    const set = {
      ...(name === undefined || name === before.name ? {} : { name }),
      ...(description === undefined || description === before.description ? {} : { description }),
    };
    // A name may change its case.
    if (set.name !== undefined && set.name.toLowerCase() !== before.name.toLowerCase())
      await requireFree(own, set.name);
    if (Object.keys(set).length > 0) {
      await own.updateTable('host_groups').set(set).where('id', '=', before.id).execute();
      const { name: group, ...others } = { ...before, ...set };
      const fields = {
        group,
        ...(set.name === undefined ? {} : { previous_name: before.name }),
        description: others.description,
      };
      await audit.record(own, { actor: by.name, event: 'group_changed', fields });
    }
    return viewGroup(own, before.id);
  });
}

/** Deletes a group and no host; records name who was in it. @throws PatchError `GROUP_NOT_FOUND` */
export function deleteGroup(
  { db, audit, clock }: GroupContext,
  reference: string,
  by: Acting,
): Promise<GroupDeleted> {
  return inTransaction(db, async (own) => {
    requireStill(by);
    const row = await getGroup(own, reference);
    const group = await viewGroup(own, row.id);
    const members = await own
      .selectFrom('group_members')
      .select('host_id')
      .where('group_id', '=', row.id)
      .execute();
    const ids = members.map(({ host_id }) => host_id);
    await removeMembers(audit, own, { group: row, ids, actor: by.name });
    const { tokens } = await own
      .selectFrom('join_token_groups as g')
      .innerJoin('join_tokens as t', 't.id', 'g.token_id')
      .select((select) => select.fn.countAll<number>().as('tokens'))
      .where('g.group_id', '=', row.id)
      .where('t.revoked_at', 'is', null)
      .where('t.expires_at', '>', clock.now())
      .whereRef('t.used', '<', 't.uses')
      .executeTakeFirstOrThrow();
    const { bindings } = await own
      .selectFrom('role_bindings')
      .select((select) => select.fn.countAll<number>().as('bindings'))
      .where('group_id', '=', row.id)
      .executeTakeFirstOrThrow();
    await own.deleteFrom('host_groups').where('id', '=', row.id).execute();
    const fields = {
      group: row.name,
      hosts: group.hosts,
      left: group.left,
      join_tokens: tokens,
      ...(bindings > 0 ? { role_bindings: bindings } : {}),
    };
    await audit.record(own, { actor: by.name, event: 'group_deleted', fields });
    return { group, join_tokens: tokens, role_bindings: bindings };
  });
}

/** A page of the hosts in reach in a group, by name. @throws PatchError `GROUP_NOT_FOUND` */
export async function readMembers(
  db: Database,
  reference: string,
  { reach, limit, offset }: { readonly reach: Reach; readonly limit: number; readonly offset: number },
): Promise<GroupMembers> {
  const { id } = await getSeenGroup(db, reach, reference);
  const rows = await db
    .selectFrom('group_members as m')
    .innerJoin('hosts as h', 'h.id', 'm.host_id')
    .select(['h.id', 'h.fqdn', 'h.left_at'])
    .where('m.group_id', '=', id)
    .where(within(reach, 'm.host_id'))
    .orderBy('h.fqdn')
    .limit(limit)
    .offset(offset)
    .execute();
  const group = await viewGroup(db, id, reach);
  const hosts = rows.map(({ left_at, ...host }) => ({ ...host, left_at: isoOf(left_at) }));
  return { group, hosts, total: group.hosts + group.left };
}
