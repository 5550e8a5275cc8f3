import { type Package, PackageDetail } from '@linux-patch/contract';
import type { PackageOrigin } from '../../package-interface/change-policy.ts';
import type { PackageTarget } from '../../package-interface/package-operations.ts';
import type { PackageFile, PackageSize } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { askPacman, questionFailed } from './ask.ts';
import { cachedFiles } from './change.ts';
import type { PacmanConfig } from './config.ts';
import { type PacmanInstalled, readFiles, readInstalled } from './local-database.ts';
import { plainName } from './names.ts';
import { byNewest, parseFields, parseList, readRecords, type SyncRecord } from './sync-records.ts';
import { comparePacmanVersions } from './versions.ts';

/** Versions that the repositories have which belong to what is installed, and those of pacman's cache, newest first. */
export async function readAvailable(
  doors: PackageDoors,
  config: PacmanConfig,
  targets: readonly PackageTarget[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = targets.map(({ name }) => plainName(name));
  const offered = await readOffers(doors, config, names);
  const cached = await cachedFiles(doors, config);
  return new Map(
    targets.flatMap(({ name }) => {
      const own = cached.filter((one) => one.name === plainName(name)).map((one) => one.version);
      const versions = [...new Set([...(offered.get(plainName(name)) ?? []), ...own])];
      return versions.length === 0
        ? []
        : [[name, versions.sort((a, b) => comparePacmanVersions(b, a))] as const];
    }),
  );
}

/** Versions of the repositories alone, by names. */
export async function readOffers(
  doors: PackageDoors,
  config: PacmanConfig,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const records = await readRecords(doors, config, { names, databases: 'installed' });
  const byName = Map.groupBy(records, (one) => one.name);
  return new Map([...byName].map(([name, found]) => [name, found.map((one) => one.version)]));
}

/** Names of installed packages that provide a virtual one. */
export async function providersOf(
  doors: PackageDoors,
  config: PacmanConfig,
  name: string,
): Promise<readonly string[]> {
  const result = await askPacman(doors, config, { args: ['-Qi', '--', name], databases: 'installed' });
  if (result.exitCode !== 0) return [];
  return result.stdout.split('\n\n').flatMap((block) => parseFields(block).get('Name') ?? []);
}

function keyOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${name}=${version}`;
}

/** Records of these very versions, of the newest databases and of those that belong to what is installed. */
async function recordsOf(
  doors: PackageDoors,
  config: PacmanConfig,
  wanted: readonly PackageFile[],
): Promise<ReadonlyMap<string, readonly SyncRecord[]>> {
  const names = [...new Set(wanted.map(({ name }) => name))];
  const found = [
    ...(await readRecords(doors, config, { names, databases: 'newest' })),
    ...(await readRecords(doors, config, { names, databases: 'installed' })),
  ];
  return Map.groupBy(found, keyOf);
}

/** The host in an address; undefined for a folder of this host. */
function siteOf(url: string | undefined): string | undefined {
  return /^(?:https?|ftp):\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]+)/i.exec(url ?? '')?.[1]?.toLowerCase();
}

/** Every repository that has each of these very versions; undefined stands for one of which nothing is known, as of a file of the cache. */
export async function readOrigins(
  doors: PackageDoors,
  config: PacmanConfig,
  wanted: readonly PackageFile[],
): Promise<(PackageOrigin | undefined)[][]> {
  const records = await recordsOf(doors, config, wanted);
  return wanted.map((one) => {
    const names = new Set((records.get(keyOf(one)) ?? []).map(({ repository }) => repository));
    const own = config.repositories
      .filter(({ name }) => names.has(name))
      .map(({ name, servers }) => ({
        origin: name,
        label: name,
        suite: undefined,
        codename: undefined,
        site: siteOf(servers[0]),
      }));
    return own.length === 0 ? [undefined] : own;
  });
}

/** What each takes, to the two decimals with which pacman says it. */
export async function readSizes(
  doors: PackageDoors,
  config: PacmanConfig,
  wanted: readonly PackageFile[],
): Promise<(PackageSize | undefined)[]> {
  const records = await recordsOf(doors, config, wanted);
  return wanted.map((one) => {
    const own = records.get(keyOf(one))?.[0];
    return own && { downloadBytes: own.downloadBytes, installedBytes: own.installedBytes };
  });
}

/** What a listing would show of a package that is only available. */
const ONLY_AVAILABLE = {
  status: 'available' as const,
  upgradable: false,
  held: false,
  origin: null,
  source_name: null,
  source_version: null,
  security: false,
  security_known: false,
  cve_ids: [],
};

/** Everything about one package, or undefined when neither the database nor the repositories know it. */
export async function readDetail(
  doors: PackageDoors,
  config: PacmanConfig,
  { name, listed }: { readonly name: string; readonly listed: Package | undefined },
): Promise<PackageDetail | undefined> {
  const plain = listed?.name ?? plainName(name);
  const own = listed && (await readInstalled(doors, config)).find((one) => one.name === plain);
  const records = await readRecords(doors, config, { names: [plain], databases: 'newest' });
  const newest = records.filter((one) => one.name === plain).sort(byNewest)[0];
  const fields = own ? await installedFields(doors, config, own) : newest?.fields;
  if (!fields) return undefined;
  const text = (key: string): string | null =>
    [undefined, 'None'].includes(fields.get(key)) ? null : (fields.get(key) ?? null);
  return PackageDetail.parse({
    ...(listed ?? availableOf(plain, newest)),
    dependencies: parseList(fields.get('Depends On')),
    reverse_dependencies: parseList(fields.get('Required By')),
    maintainer: text('Packager'),
    homepage: text('URL'),
    license: text('Licenses'),
    files: own ? (await readFiles(doors, config, own)).paths : [],
    installed_at: own ? new Date(own.installedAtMs).toISOString() : null,
    available_version: newest?.version ?? null,
  });
}

function availableOf(name: string, newest: SyncRecord | undefined) {
  return {
    ...ONLY_AVAILABLE,
    name,
    version: newest?.version ?? '',
    architecture: newest?.architecture ?? 'any',
    latest_version: newest?.version ?? null,
    description: newest?.fields.get('Description') ?? '',
    size_bytes: newest?.installedBytes ?? null,
  };
}

async function installedFields(
  doors: PackageDoors,
  config: PacmanConfig,
  { name }: PacmanInstalled,
): Promise<ReadonlyMap<string, string>> {
  const result = await askPacman(doors, config, { args: ['-Qi', '--', name], databases: 'installed' });
  if (result.exitCode !== 0) throw questionFailed('-Qi', result);
  return parseFields(result.stdout);
}
