import { DAY_MS } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { AttributedChange } from './attribute.ts';
import { encodeIds } from './id-set.ts';

/** How long changes are kept. */
const KEPT_MS = 2 * 365 * DAY_MS;

/** Writes down what changed on a host, and forgets what is older than two years. */
export async function recordChanges(
  own: Database,
  hostId: string,
  changes: readonly AttributedChange[],
  atMs: number,
): Promise<void> {
  if (changes.length === 0) return;
  await own
    .insertInto('package_changes')
    .values(
      changes.map(({ jobId, removed, added }) => ({
        host_id: hostId,
        at: atMs,
        job_id: jobId,
        removed: encodeIds(removed),
        added: encodeIds(added),
      })),
    )
    .execute();
  await own
    .deleteFrom('package_changes')
    .where('host_id', '=', hostId)
    .where('at', '<', atMs - KEPT_MS)
    .execute();
}
