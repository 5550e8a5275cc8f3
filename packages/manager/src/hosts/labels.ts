import { type LabelChange, type Labels, MAX_LABELS, PatchError } from '@linux-patch/contract';
import { type Acting, requireStill } from '../audit/acting.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import { type Reach, reachesLabel } from '../reach/reach.ts';

/** Whose labels. */
type Labelled = Pick<HostRow, 'id' | 'fqdn'>;

/** Labels by the id of their host; of all hosts without one. */
export async function readLabels(db: Database, hostId?: string): Promise<ReadonlyMap<string, Labels>> {
  let wanted = db.selectFrom('host_labels').selectAll().orderBy('host_id').orderBy('key');
  if (hostId !== undefined) wanted = wanted.where('host_id', '=', hostId);
  const byHost = new Map<string, Record<string, string>>();
  for (const { host_id, key, value } of await wanted.execute()) {
    const labels = byHost.get(host_id) ?? {};
    labels[key] = value;
    byHost.set(host_id, labels);
  }
  return byHost;
}

async function write(
  audit: AuditLog,
  db: Database,
  host: Labelled,
  change: { readonly set: Labels; readonly remove: readonly string[]; readonly actor: string },
): Promise<void> {
  const { set, remove, actor } = change;
  const rows = Object.entries(set).map(([key, value]) => ({ host_id: host.id, key, value }));
  const gone = [...remove, ...rows.map(({ key }) => key)];
  if (gone.length === 0) return;
  await db.deleteFrom('host_labels').where('host_id', '=', host.id).where('key', 'in', gone).execute();
  if (rows.length > 0) await db.insertInto('host_labels').values(rows).execute();
  const fields = { host: host.id, fqdn: host.fqdn, set, removed: remove };
  await audit.record(db, { actor, event: 'host_labels_changed', fields });
}

function differing(set: Labels, before: Labels): Labels {
  return Object.fromEntries(
    Object.entries(set).filter(([key, value]) => !Object.hasOwn(before, key) || before[key] !== value),
  );
}

/**
 * Who has a role for some hosts changes no label to which a role is bound, unless theirs is: otherwise they could take a host
 * under it, or hand theirs to others.
 * @throws PatchError `FORBIDDEN`
 */
async function requireGoverned(db: Database, reach: Reach, labels: readonly (readonly [string, string])[]) {
  const foreign = labels.filter(([key, value]) => !reachesLabel(reach, key, value));
  for (const [key, value] of foreign) {
    const bound = await db
      .selectFrom('role_bindings')
      .select('role')
      .where('label_key', '=', key)
      .where('label_value', '=', value)
      .limit(1)
      .executeTakeFirst();
    if (bound)
      throw new PatchError(
        'FORBIDDEN',
        `The label ${key}=${value} says who may do what with a host, so it is changed by those whose role is for all hosts or for this label; yours is not. Nothing was changed.`,
      );
  }
}

/**
 * Sets and removes labels, in a transaction; what is so already is no change and not on record.
 * @throws PatchError `INVALID_REQUEST` for more labels than a host may have, `FORBIDDEN` for one that others govern by
 */
export async function changeLabels(
  audit: AuditLog,
  db: Database,
  host: Labelled,
  { set = {}, remove = [], reach, by }: LabelChange & { readonly reach: Reach; readonly by: Acting },
): Promise<void> {
  requireStill(by);
  const before = (await readLabels(db, host.id)).get(host.id) ?? {};
  const gone = [...new Set(remove)].filter((key) => Object.hasOwn(before, key));
  const count = new Set([...Object.keys(before), ...Object.keys(set)]).size - gone.length;
  if (count > MAX_LABELS)
    throw new PatchError(
      'INVALID_REQUEST',
      `${host.fqdn} would have ${count} labels; a host has at most ${MAX_LABELS}. Nothing was changed.`,
    );
  const fresh = differing(set, before);
  const replaced = [...gone, ...Object.keys(fresh)].flatMap((key) => {
    const value = before[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  await requireGoverned(db, reach, [...replaced, ...Object.entries(fresh)]);
  await write(audit, db, host, { set: fresh, remove: gone, actor: by.name });
}

/** Leaves a host with exactly these labels, in a transaction. */
export async function replaceLabels(
  audit: AuditLog,
  db: Database,
  host: Labelled,
  { labels, actor }: { readonly labels: Labels; readonly actor: string },
): Promise<void> {
  const before = (await readLabels(db, host.id)).get(host.id) ?? {};
  const remove = Object.keys(before).filter((key) => !Object.hasOwn(labels, key));
  await write(audit, db, host, { set: differing(labels, before), remove, actor });
}
