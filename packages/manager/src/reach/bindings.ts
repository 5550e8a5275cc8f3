import type { Database } from '../database/open.ts';
import type { RoleBindingRow } from '../database/schema.ts';
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
