import type { HostUpdateRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import type { PendingUpdate } from './packages.ts';

/** An update that waits, with the number of its candidate. */
export interface NumberedUpdate extends PendingUpdate {
  readonly candidateId: number;
}

const ROWS_TOGETHER = 500;

type Facts = Omit<HostUpdateRow, 'host_id' | 'candidate_id' | 'first_seen_at'>;

function factsOf(update: PendingUpdate): Facts {
  return {
    installed_version: update.installedVersion,
    security: update.security === null ? null : Number(update.security),
    security_version: update.securityVersion,
    held: Number(update.held),
    phased: Number(update.phased),
    hidden: Number(update.hidden),
    origin: update.origin,
  };
}

function isSame(row: HostUpdateRow, facts: Facts): boolean {
  return (Object.keys(facts) as (keyof Facts)[]).every((column) => row[column] === facts[column]);
}

/** Makes what waits on a host these updates; since when each waits stays what it was. */
export async function replaceUpdates(
  own: Database,
  hostId: string,
  updates: readonly NumberedUpdate[],
  nowMs: number,
): Promise<void> {
  const rows = await own.selectFrom('host_updates').selectAll().where('host_id', '=', hostId).execute();
  const before = new Map(rows.map((row) => [row.candidate_id, row]));
  const now = new Map(updates.map((one) => [one.candidateId, factsOf(one)]));
  const gone = [...before.keys()].filter((id) => !now.has(id));
  for (let start = 0; start < gone.length; start += ROWS_TOGETHER) {
    const part = gone.slice(start, start + ROWS_TOGETHER);
    await own
      .deleteFrom('host_updates')
      .where('host_id', '=', hostId)
      .where('candidate_id', 'in', part)
      .execute();
  }
  const added: HostUpdateRow[] = [];
  for (const [candidateId, facts] of now) {
    const row = before.get(candidateId);
    if (!row) added.push({ host_id: hostId, candidate_id: candidateId, first_seen_at: nowMs, ...facts });
    else if (!isSame(row, facts))
      await own
        .updateTable('host_updates')
        .set(facts)
        .where('host_id', '=', hostId)
        .where('candidate_id', '=', candidateId)
        .execute();
  }
  for (let start = 0; start < added.length; start += ROWS_TOGETHER)
    await own
      .insertInto('host_updates')
      .values(added.slice(start, start + ROWS_TOGETHER))
      .execute();
}

/** What waits on a host. */
export async function readUpdates(db: Database, hostId: string): Promise<HostUpdateRow[]> {
  return db.selectFrom('host_updates').selectAll().where('host_id', '=', hostId).execute();
}
