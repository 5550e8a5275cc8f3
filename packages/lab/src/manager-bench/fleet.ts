import type { Database, OpenDatabase } from '../../../manager/src/database/open.ts';
import { addVersions } from '../../../manager/src/inventory/dictionary.ts';
import { encodeIds, hashOfSet } from '../../../manager/src/inventory/id-set.ts';

/** A fleet to write down. */
export interface FleetSize {
  readonly hosts: number;
  readonly packagesEach: number;
}

/** Packages that any host has, each in so many versions. */
const NAMES = 6_000;
const VERSIONS_EACH = 10;
/** Updates that wait on each host. */
const UPDATES_EACH = 40;
const HOSTS_TOGETHER = 250;
/** Ids of groups: one of every hundredth host, one of nine in ten. */
export const FEW = '00000000-0000-4000-9000-000000000001';
export const MOST = '00000000-0000-4000-9000-000000000002';

/** The same in every run: a number below `below` for a pair. */
function mixed(one: number, other: number, below: number): number {
  const mix = Math.imul(one + 1, 2_654_435_761) ^ Math.imul(other + 1, 1_597_334_677);
  return (Math.imul(mix ^ (mix >>> 15), 2_246_822_519) >>> 8) % below;
}

const nameOf = (index: number): string => `package-${String(index).padStart(4, '0')}`;

/** What a host has: ids of the dictionary, which numbers the versions of a name in a row from 1. */
export function idsOf(host: number, { packagesEach }: FleetSize): number[] {
  return Array.from({ length: packagesEach }, (_, index) => {
    const name = Math.floor((index * NAMES) / packagesEach) + mixed(host % 5, index, NAMES / packagesEach);
    return name * VERSIONS_EACH + mixed(host, index, VERSIONS_EACH) + 1;
  });
}

/** Writes a fleet into an empty database, as listings leave it. */
export async function writeFleet(db: OpenDatabase['db'], size: FleetSize, nowMs: number): Promise<void> {
  const versions = Array.from({ length: NAMES * VERSIONS_EACH }, (_, index) => {
    const name = nameOf(Math.floor(index / VERSIONS_EACH));
    const version = `1.${index % VERSIONS_EACH}-1+deb12u1`;
    return { name, arch: 'amd64', version, sourceName: name, sourceVersion: version };
  });
  await db.transaction().execute((own) => addVersions(own, 'dpkg', versions, nowMs));
  const groups = [FEW, MOST].map((id) => ({
    id,
    name: id,
    description: null,
    created_at: nowMs,
    created_by: 'bench',
  }));
  await db.insertInto('host_groups').values(groups).execute();
  for (let first = 0; first < size.hosts; first += HOSTS_TOGETHER) {
    await db.transaction().execute(async (own) => {
      for (let host = first; host < Math.min(size.hosts, first + HOSTS_TOGETHER); host += 1)
        await writeHost(own, host, size, nowMs);
    });
  }
}

export const hostId = (host: number): string => `00000000-0000-4000-8000-${String(host).padStart(12, '0')}`;

async function writeHost(own: Database, host: number, size: FleetSize, nowMs: number): Promise<void> {
  const id = hostId(host);
  await own
    .insertInto('hosts')
    .values({
      id,
      fqdn: `host-${String(host).padStart(5, '0')}.example.test`,
      hostname: null,
      machine_id: 'm',
      ip_address: '127.0.0.1',
      agent_port: 12443,
      os_details: '{}',
      key_origin: 'host',
      created_at: nowMs,
      last_seen_at: nowMs,
      last_error: null,
      left_at: null,
    })
    .execute();
  const groups = [...(host % 100 === 1 ? [FEW] : []), ...(host % 10 === 0 ? [] : [MOST])];
  if (groups.length > 0)
    await own
      .insertInto('group_members')
      .values(groups.map((group_id) => ({ group_id, host_id: id })))
      .execute();
  const ids = encodeIds(idsOf(host, size));
  const isBehind = host % 4 !== 0;
  await own
    .insertInto('package_sets')
    .values({
      host_id: id,
      eco: 'dpkg',
      rev: 1,
      hash: hashOfSet(ids),
      listed_at: nowMs,
      checked_at: nowMs,
      list_error: null,
      doubt: null,
      packages: size.packagesEach,
      updates: isBehind ? UPDATES_EACH : 0,
      security_updates: isBehind ? 5 : 0,
      revision: null,
      packages_etag: null,
      updates_etag: null,
      new_rows_day: 0,
      new_rows: 0,
      ids,
    })
    .execute();
  if (!isBehind) return;
  const updates = Array.from({ length: UPDATES_EACH }, (_, index) => ({
    host_id: id,
    candidate_id: (index * 37 + (host % 20)) * VERSIONS_EACH + VERSIONS_EACH,
    installed_version: '1.0-1+deb12u1',
    security: index < 5 ? 1 : 0,
    security_version: null,
    held: 0,
    phased: 0,
    hidden: 0,
    origin: null,
    first_seen_at: nowMs,
    waiting_since: nowMs,
  }));
  await own.insertInto('host_updates').values(updates).execute();
}
