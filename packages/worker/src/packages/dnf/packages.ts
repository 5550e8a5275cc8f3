import { type Package, PackageDetail } from '@linux-patch/contract';
import type { PackageOrigin } from '../../package-interface/change-policy.ts';
import type { PackageTarget } from '../../package-interface/package-operations.ts';
import type { PackageFile, PackageSize } from '../adapter.ts';
import { dottedName } from '../rpm/names.ts';
import { siteOf } from '../source-address.ts';
import { DetailAnswer, FilesAnswer, ProvidersAnswer, VersionsAnswer } from './answers.ts';
import type { DnfDoors } from './doors.ts';

const SECOND_MS = 1_000;

/** Versions that packages have, newest first; a name that nobody knows is not among the keys. */
export async function readAvailable(
  doors: DnfDoors,
  targets: readonly PackageTarget[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = targets.map(({ name }) => dottedName(name));
  const { versions } = await doors.ask({ op: 'versions', names }, { answer: VersionsAnswer });
  return new Map(
    targets.flatMap(({ name }) => {
      const own = Object.hasOwn(versions, dottedName(name)) ? versions[dottedName(name)] : undefined;
      return own ? [[name, own] as const] : [];
    }),
  );
}

export async function providersOf(doors: DnfDoors, name: string): Promise<readonly string[]> {
  return (await doors.ask({ op: 'providers', name }, { answer: ProvidersAnswer })).names;
}

async function readFiles(doors: DnfDoors, wanted: readonly PackageFile[]) {
  const files = wanted.map(({ name, architecture, version }) => ({ name, arch: architecture, version }));
  return doors.ask({ op: 'files', wanted: files }, { answer: FilesAnswer });
}

/** Every repository that has each of these very versions; undefined stands for one of which nothing is known. */
export async function readOrigins(
  doors: DnfDoors,
  wanted: readonly PackageFile[],
): Promise<(PackageOrigin | undefined)[][]> {
  const { found, sources } = await readFiles(doors, wanted);
  const origins = new Map(
    sources.map(({ id, name, url }) => [
      id,
      { origin: id, label: name || id, suite: undefined, codename: undefined, site: siteOf(url) },
    ]),
  );
  return wanted.map((_, index) => {
    const own = (found[index] ?? []).map(({ repository }) => origins.get(repository));
    return own.length === 0 ? [undefined] : own;
  });
}

export async function readSizes(
  doors: DnfDoors,
  wanted: readonly PackageFile[],
): Promise<(PackageSize | undefined)[]> {
  const { found } = await readFiles(doors, wanted);
  return wanted.map((_, index) => {
    const own = found[index]?.[0];
    return own && { downloadBytes: own.download, installedBytes: own.installed };
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

/** Everything about one package, or undefined when neither rpm nor the repositories know it. */
export async function readDetail(
  doors: DnfDoors,
  name: string,
  listed: Package | undefined,
): Promise<PackageDetail | undefined> {
  const question = {
    op: 'detail' as const,
    name: dottedName(listed ? `${listed.name}.${listed.architecture}` : name),
  };
  const { package: found } = await doors.ask(question, { answer: DetailAnswer });
  if (!found) return undefined;
  const { installed_at: at } = found;
  return PackageDetail.parse({
    ...(listed ?? {
      ...ONLY_AVAILABLE,
      name: found.name,
      version: found.version,
      architecture: found.arch,
      latest_version: found.available,
      description: found.summary,
      size_bytes: found.size,
    }),
    dependencies: found.requires,
    reverse_dependencies: found.needed_by,
    maintainer: found.packager || null,
    homepage: found.homepage || null,
    license: found.license || null,
    files: found.files,
    installed_at: at === null ? null : new Date(at * SECOND_MS).toISOString(),
    available_version: found.available,
  });
}
