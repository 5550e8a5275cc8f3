import { type PackageHolders, PatchError } from '@linux-patch/contract';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/open.ts';
import { ORDERED_ECOSYSTEMS, versionKey } from './ecosystem-keys.ts';
import { type Freshness, readListedHosts } from './fleet-state.ts';
import { pickIds } from './id-set.ts';

/** What is asked about a package. */
interface HoldersAsked {
  readonly name: string;
  /** Only where it is older. */
  readonly below?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

interface NamedVersion {
  readonly id: number;
  readonly version: string;
  readonly arch: string;
  /** 1: older than asked, or nothing was asked; 0: not older; null: nobody can tell. */
  readonly older: number | null;
}

/** One package version on one host. */
interface Held {
  readonly hostId: string;
  readonly version: NamedVersion;
}

const MAX_VERSIONS = 1_000;
/** So many sets are read and looked through before others have a turn. */
const SETS_TOGETHER = 200;

/** Which hosts had a package installed when they were listed last, the oldest version first. */
export async function readHolders(
  db: Database,
  freshness: Freshness,
  asked: HoldersAsked,
): Promise<Omit<PackageHolders, 'figures'>> {
  const { limit, offset } = asked;
  const versions = new Map((await readVersions(db, asked)).map((one) => [one.id, one]));
  const held = await findHeld(db, versions);
  const comparable = held.filter(({ version }) => version.older === 1);
  const rank = new Map([...versions.keys()].map((id, index) => [id, index]));
  const hosts = await readListedHosts(db, freshness, [...new Set(comparable.map(({ hostId }) => hostId))]);
  const rows = comparable
    .flatMap(({ hostId, version }) => {
      const host = hosts.get(hostId);
      return host ? [{ host, version, rank: rank.get(version.id) ?? 0 }] : [];
    })
    .sort((a, b) => a.rank - b.rank || (a.host.fqdn < b.host.fqdn ? -1 : 1));
  return {
    versions: [...Map.groupBy(rows, ({ version }) => version)].slice(0, MAX_VERSIONS).map(([one, on]) => ({
      version: one.version,
      architecture: one.arch,
      hosts: on.length,
    })),
    hosts: rows
      .slice(offset, offset + limit)
      .map(({ host, version: { version, arch } }) => ({ ...host, version, architecture: arch })),
    total: rows.length,
    not_comparable: held.filter(({ version }) => version.older === null).length,
  };
}

/** Every version of a package that any host named, in the order of its package manager. */
async function readVersions(db: Database, { name, below }: HoldersAsked): Promise<NamedVersion[]> {
  const { rows } =
    await sql<NamedVersion>`select id, version, arch, ${isOlder(below)} as older from package_versions
    where name = ${name} order by eco, version_key is null, version_key, version, arch, id`.execute(db);
  return rows;
}

function isOlder(below: string | undefined): RawBuilder<number | null> {
  if (below === undefined) return sql<number>`1`;
  const keys = ORDERED_ECOSYSTEMS.flatMap((eco) => {
    const key = versionKey(eco, below);
    return key ? [sql`when eco = ${eco} then version_key < ${key}`] : [];
  });
  if (keys.length === 0)
    throw new PatchError(
      'INVALID_REQUEST',
      `${below} is not a version that dpkg or rpm takes, so nothing can be compared with it.`,
    );
  return sql<number | null>`case when version_key is null then null ${sql.join(keys, sql` `)} end`;
}

/** Looks through the set of each host. */
async function findHeld(db: Database, versions: ReadonlyMap<number, NamedVersion>): Promise<Held[]> {
  const held: Held[] = [];
  const wanted = [...versions.keys()].sort((a, b) => a - b);
  if (wanted.length === 0) return held;
  for (let after = ''; ; ) {
    const sets = await db
      .selectFrom('package_sets')
      .select(['host_id', 'ids'])
      .where('host_id', '>', after)
      .orderBy('host_id')
      .limit(SETS_TOGETHER)
      .execute();
    for (const { host_id: hostId, ids } of sets) {
      for (const id of ids === null ? [] : pickIds(ids, wanted)) {
        const version = versions.get(id);
        if (version) held.push({ hostId, version });
      }
    }
    const last = sets.at(-1);
    if (!last || sets.length < SETS_TOGETHER) return held;
    after = last.host_id;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
