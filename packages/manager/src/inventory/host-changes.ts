import type { SeenChange } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import { type DictionaryEntry, readEntries } from './dictionary.ts';
import { decodeIds } from './id-set.ts';

/** Packages of one change that are named. */
const MAX_NAMED = 500;

/** What changed on a host, the newest first. */
export async function readHostChanges(
  db: Database,
  hostId: string,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<{ readonly changes: SeenChange[]; readonly total: number }> {
  const ofHost = db.selectFrom('package_changes').where('host_id', '=', hostId);
  const rows = await ofHost
    .select(['at', 'job_id', 'removed', 'added'])
    .orderBy('at', 'desc')
    .orderBy('job_id', (order) => order.asc().nullsFirst())
    .limit(limit)
    .offset(offset)
    .execute();
  const { total } = await ofHost
    .select((select) => select.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const changes: SeenChange[] = [];
  for (const { at, job_id, removed, added } of rows) {
    const all = pairUp(await readEntries(db, decodeIds(removed)), await readEntries(db, decodeIds(added)));
    changes.push({
      seen_at: new Date(at).toISOString(),
      job_id,
      packages: all.slice(0, MAX_NAMED),
      more: Math.max(0, all.length - MAX_NAMED),
    });
  }
  return { changes, total };
}

/** What went and what came of the same package is one change. */
function pairUp(
  removed: readonly DictionaryEntry[],
  added: readonly DictionaryEntry[],
): SeenChange['packages'] {
  const keyOf = ({ name, arch }: DictionaryEntry): string => `${name} ${arch}`;
  const came = Map.groupBy(added, keyOf);
  const went = removed.map((one) => ({ before: one, after: came.get(keyOf(one))?.shift() }));
  const rest = [...came.values()].flat().map((after) => ({ before: undefined, after }));
  return [...went, ...rest]
    .map(({ before, after }) => ({
      name: before?.name ?? after?.name ?? '',
      architecture: before?.arch ?? after?.arch ?? '',
      before: before?.version ?? null,
      after: after?.version ?? null,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
