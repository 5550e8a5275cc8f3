import type { InstalledPackage } from '@linux-patch/contract';
import { sql } from 'kysely';
import { fits, numberList } from '../database/dialect.ts';
import type { HostUpdateRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import { type DictionaryEntry, readEntries } from './dictionary.ts';
import { findSet } from './sets.ts';
import { readUpdates } from './updates.ts';

/** Which packages of a host. */
interface PackageChoice {
  /** A name with `*` and `?`. */
  readonly name?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** What a host had installed when it was last listed, by name, with what waited for it. */
export async function readHostPackages(
  db: Database,
  hostId: string,
  { name, limit, offset }: PackageChoice,
): Promise<{ readonly packages: InstalledPackage[]; readonly total: number }> {
  const ids = (await findSet(db, hostId))?.ids ?? [];
  const matching = name === undefined ? ids : await findNamed(db, ids, name);
  const all = await readEntries(db, matching);
  const waiting = await readWaiting(db, hostId);
  const packages = all.slice(offset, offset + limit).map((one): InstalledPackage => {
    const update = waiting.get(keyOf(one.name, one.arch, one.version));
    return {
      name: one.name,
      version: one.version,
      architecture: one.arch,
      source_name: one.sourceName || null,
      source_version: one.sourceVersion || null,
      candidate: update?.version ?? null,
      security: update?.security ?? null,
      stays: update?.stays ?? [],
    };
  });
  return { packages, total: all.length };
}

const keyOf = (name: string, arch: string, version: string): string => `${name} ${arch} ${version}`;

async function findNamed(db: Database, ids: readonly number[], pattern: string): Promise<number[]> {
  const { rows } = await sql<Pick<DictionaryEntry, 'id'>>`select id from package_versions
    where ${fits(db, sql.ref('name'), pattern)} and id in ${numberList(db, ids)}`.execute(db);
  return rows.map(({ id }) => id);
}

interface Waiting extends Pick<InstalledPackage, 'security' | 'stays'> {
  readonly version: string;
}

function staysOf({ held, phased, hidden }: HostUpdateRow): Waiting['stays'] {
  return [
    ...(held === 1 ? (['held'] as const) : []),
    ...(phased === 1 ? (['phased'] as const) : []),
    ...(hidden === 1 ? (['hidden'] as const) : []),
  ];
}

/** What waits on a host, by what it is to replace. */
async function readWaiting(db: Database, hostId: string): Promise<ReadonlyMap<string, Waiting>> {
  const rows = await readUpdates(db, hostId);
  const entries = await readEntries(
    db,
    rows.map((row) => row.candidate_id),
  );
  const candidates = new Map(entries.map((one) => [one.id, one]));
  return new Map(
    rows.flatMap((row) => {
      const candidate = candidates.get(row.candidate_id);
      if (!candidate) return [];
      const { name, arch, version } = candidate;
      const security = row.security === null ? null : row.security === 1;
      return [
        [keyOf(name, arch, row.installed_version), { version, security, stays: staysOf(row) }] as const,
      ];
    }),
  );
}
