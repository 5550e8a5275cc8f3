import { compareText, type GivenBindings, type RoleBinding } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { RoleBindingRow } from '../database/schema.ts';
import { getGroup } from '../groups/find.ts';
import type { BoundRole } from './reach.ts';

/** Who has roles for some hosts. */
export type Holder = { readonly personId: string } | { readonly apiToken: string };

function termOf({ group_id, label_key, label_value }: RoleBindingRow): BoundRole['term'] | undefined {
  if (group_id !== null) return { groupId: group_id };
  return label_key === null || label_value === null
    ? undefined
    : { label: { key: label_key, value: label_value } };
}

/** The roles that somebody has for some hosts. */
export async function readBindings(db: Database, holder: Holder): Promise<BoundRole[]> {
  const all = db.selectFrom('role_bindings').selectAll();
  const rows = await ('personId' in holder
    ? all.where('person_id', '=', holder.personId)
    : all.where('api_token', '=', holder.apiToken)
  ).execute();
  return rows.flatMap((row) => {
    const term = termOf(row);
    return term ? [{ role: row.role, term }] : [];
  });
}

/** What is shown of them, by the id of a person or the name of an API token; of everybody, or of one. */
export async function viewAllBindings(
  db: Database,
  holder?: Holder,
): Promise<ReadonlyMap<string, GivenBindings>> {
  let wanted = db
    .selectFrom('role_bindings as b')
    .leftJoin('host_groups as g', 'g.id', 'b.group_id')
    .selectAll('b')
    .select('g.name');
  if (holder && 'personId' in holder) wanted = wanted.where('b.person_id', '=', holder.personId);
  if (holder && 'apiToken' in holder) wanted = wanted.where('b.api_token', '=', holder.apiToken);
  const given = new Map<string, GivenBindings>();
  for (const { name, ...row } of await wanted.execute()) {
    const on = name === null ? `@${row.label_key}=${row.label_value}` : `@group:${name}`;
    const who = row.person_id ?? row.api_token ?? '';
    given.set(who, [...(given.get(who) ?? []), { role: row.role, on }]);
  }
  for (const [who, bindings] of given) given.set(who, inOrder(bindings));
  return given;
}

function inOrder(bindings: GivenBindings): GivenBindings {
  return bindings.toSorted((a, b) => compareText(a.on, b.on) || compareText(a.role, b.role));
}

/** What is shown of the roles that somebody has for some hosts. */
export async function viewBindings(db: Database, holder: Holder): Promise<GivenBindings> {
  const who = 'personId' in holder ? holder.personId : holder.apiToken;
  return (await viewAllBindings(db, holder)).get(who) ?? [];
}

async function rowOf(db: Database, holder: Holder, { role, on }: RoleBinding): Promise<RoleBindingRow> {
  const who =
    'personId' in holder
      ? { person_id: holder.personId, api_token: null }
      : { person_id: null, api_token: holder.apiToken };
  const group = /^@group:(.*)$/.exec(on)?.[1];
  if (group !== undefined)
    return { ...who, role, group_id: (await getGroup(db, group)).id, label_key: null, label_value: null };
  const at = on.indexOf('=');
  return { ...who, role, group_id: null, label_key: on.slice(1, at), label_value: on.slice(at + 1) };
}

/** Leaves somebody with exactly these, in a transaction. @throws PatchError `GROUP_NOT_FOUND` */
export async function replaceBindings(
  db: Database,
  holder: Holder,
  wishes: readonly RoleBinding[],
): Promise<GivenBindings> {
  const gone = db.deleteFrom('role_bindings');
  await ('personId' in holder
    ? gone.where('person_id', '=', holder.personId)
    : gone.where('api_token', '=', holder.apiToken)
  ).execute();
  const rows = new Map<string, RoleBindingRow>();
  for (const wish of wishes) {
    const row = await rowOf(db, holder, wish);
    rows.set(JSON.stringify(row), row);
  }
  if (rows.size > 0)
    await db
      .insertInto('role_bindings')
      .values([...rows.values()])
      .execute();
  return viewBindings(db, holder);
}
