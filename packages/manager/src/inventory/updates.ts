import type { HostUpdateRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import type { PendingUpdate } from './packages.ts';

/** An update that waits, with the number of its candidate. */
export interface NumberedUpdate extends PendingUpdate {
  readonly candidateId: number;
}

const ROWS_TOGETHER = 500;

type Facts = Omit<HostUpdateRow, 'host_id' | 'candidate_id' | 'first_seen_at' | 'waiting_since'>;

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

/** By which an update is known again when a newer version takes its place; a package that was updated meanwhile waits anew. */
const placeOf = (name: string, arch: string, installedVersion: string): string =>
  JSON.stringify([name, arch, installedVersion]);

/** What waits no longer, by its place; the one that waited longest. */
async function readPlaces(
  own: Database,
  gone: readonly HostUpdateRow[],
): Promise<ReadonlyMap<string, HostUpdateRow>> {
  const places = new Map<string, HostUpdateRow>();
  for (let start = 0; start < gone.length; start += ROWS_TOGETHER) {
    const rows = new Map(gone.slice(start, start + ROWS_TOGETHER).map((row) => [row.candidate_id, row]));
    const versions = await own
      .selectFrom('package_versions')
      .select(['id', 'name', 'arch'])
      .where('id', 'in', [...rows.keys()])
      .execute();
    for (const { id, name, arch } of versions) {
      const row = rows.get(id);
      const place = placeOf(name, arch, row?.installed_version ?? '');
      const known = places.get(place);
      if (row && (!known || row.waiting_since < known.waiting_since)) places.set(place, row);
    }
  }
  return places;
}

/**
 * Since when a package has waited of which this is another version; undefined where it did not. The first version that mends a
 * security fault waits anew: before it there was no fault to be mended.
 */
function waitedBefore(
  { candidate: { name, arch }, installedVersion, security }: PendingUpdate,
  places: ReadonlyMap<string, HostUpdateRow>,
): number | undefined {
  const row = places.get(placeOf(name, arch, installedVersion));
  return row && (security !== true || row.security === 1) ? row.waiting_since : undefined;
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
  const now = new Map(updates.map((one) => [one.candidateId, one]));
  const gone = rows.filter((row) => !now.has(row.candidate_id));
  const places = await readPlaces(own, gone);
  for (let start = 0; start < gone.length; start += ROWS_TOGETHER) {
    const part = gone.slice(start, start + ROWS_TOGETHER).map((row) => row.candidate_id);
    await own
      .deleteFrom('host_updates')
      .where('host_id', '=', hostId)
      .where('candidate_id', 'in', part)
      .execute();
  }
  const added: HostUpdateRow[] = [];
  for (const [candidateId, update] of now) {
    const row = before.get(candidateId);
    const facts = factsOf(update);
    const since = { first_seen_at: nowMs, waiting_since: waitedBefore(update, places) ?? nowMs };
    if (!row) added.push({ host_id: hostId, candidate_id: candidateId, ...since, ...facts });
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
