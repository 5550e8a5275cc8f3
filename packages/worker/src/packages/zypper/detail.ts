import { type Package, PackageDetail } from '@linux-patch/contract';
import type { PackageFile, PackageSize } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { query } from '../query.ts';
import { rpmArguments } from '../rpm/database.ts';
import { type ListedPackage, readListed } from './primary.ts';
import { readNewest } from './solvables.ts';

const SECOND_MS = 1_000;
/** What a package provides is asked for all at once, and arguments have a bound. */
const MOST_PROVIDED = 1_000;

export async function readSizes(
  doors: PackageDoors,
  wanted: readonly PackageFile[],
): Promise<(PackageSize | undefined)[]> {
  const found = await readListed(
    doors,
    wanted.map((one) => one.name),
  );
  return wanted.map((one) => found.find((each) => isSame(each, one)));
}

/** Everything about one package, or undefined when neither rpm nor the repositories know it. */
export async function readDetail(
  doors: PackageDoors,
  name: string,
  listed: Package | undefined,
): Promise<PackageDetail | undefined> {
  const newest = await readNewest(doors, listed ? `${listed.name}.${listed.architecture}` : name);
  if (listed)
    return { ...(await installedDetail(doors, listed)), available_version: newest?.version ?? null };
  if (!newest) return undefined;
  const found = await readListed(doors, [newest.name]);
  return availableDetail(
    newest,
    found.find((one) => isSame(one, newest)),
  );
}

function isSame(one: PackageFile, other: PackageFile): boolean {
  return one.name === other.name && one.architecture === other.architecture && one.version === other.version;
}

async function rpm(doors: PackageDoors, ...args: string[]): Promise<string[]> {
  const { stdout } = await query(doors, {
    program: 'rpm',
    args: [...rpmArguments(doors.root), '-q', ...args],
  });
  return stdout.split('\n').filter((line) => line !== '');
}

const TAGS = ['LICENSE', 'URL', 'PACKAGER', 'INSTALLTIME'] as const;

async function installedDetail(doors: PackageDoors, listed: Package): Promise<PackageDetail> {
  // Older versions of rpm know no epoch there.
  const own = `${listed.name}-${listed.version.replace(/^\d+:/, '')}.${listed.architecture}`;
  const format = TAGS.map((tag) => `@%{${tag}}\\n`).join('');
  const [license, homepage, packager, seconds] = (await rpm(doors, '--qf', format, own)).map(valueOf);
  const installed = Number(seconds ?? Number.NaN);
  return PackageDetail.parse({
    ...listed,
    dependencies: await rpm(doors, '--requires', own),
    reverse_dependencies: await needing(doors, own),
    maintainer: packager ?? null,
    homepage: homepage ?? null,
    license: license ?? null,
    files: (await rpm(doors, '-l', own)).filter((path) => path.startsWith('/')),
    installed_at: Number.isFinite(installed) ? new Date(installed * SECOND_MS).toISOString() : null,
    available_version: null,
  });
}

/** `(none)` stands for a tag that a package does not have. */
function valueOf(line: string): string | undefined {
  const value = line.replace(/^@/, '');
  return value === '(none)' || value === '' ? undefined : value;
}

/** Names of the installed packages that need something which this one provides. */
async function needing(doors: PackageDoors, own: string): Promise<string[]> {
  const provided = (await rpm(doors, '--provides', own)).map((line) => line.split(' ')[0] ?? '');
  const capabilities = [...new Set(provided)].filter((one) => one !== '' && !one.startsWith('-'));
  if (capabilities.length === 0) return [];
  const lines = await rpm(
    doors,
    '--qf',
    '@%{NAME}\\n',
    '--whatrequires',
    ...capabilities.slice(0, MOST_PROVIDED),
  );
  return [...new Set(lines.filter((line) => line.startsWith('@')).map((line) => line.slice(1)))].sort();
}

/** @param found what the list of the repository says; undefined where the list cannot be read */
function availableDetail(newest: PackageFile, found: ListedPackage | undefined): PackageDetail {
  return PackageDetail.parse({
    name: newest.name,
    version: newest.version,
    architecture: newest.architecture,
    status: 'available',
    latest_version: newest.version,
    description: found?.summary ?? '',
    size_bytes: found?.installedBytes ?? null,
    upgradable: false,
    held: false,
    origin: null,
    source_name: null,
    source_version: null,
    security: false,
    security_known: false,
    cve_ids: [],
    dependencies: found?.requires ?? [],
    reverse_dependencies: [],
    maintainer: found?.packager || null,
    homepage: found?.homepage || null,
    license: found?.license || null,
    files: [],
    installed_at: null,
    available_version: newest.version,
  });
}
