import type { PackageOrigin } from '../../package-interface/change-policy.ts';
import type { PackageTarget } from '../../package-interface/package-operations.ts';
import type { PackageFile } from '../adapter.ts';
import type { PackageDoors } from '../doors.ts';
import { RPM_RULES, splitName } from '../rpm/names.ts';
import { compareRpmVersions } from '../rpm/versions.ts';
import { siteOf } from '../source-address.ts';
import { askZypper } from './ask.ts';
import { listRepositories } from './sources.ts';
import { elementsOf, type XmlElement } from './xml.ts';

/** How zypper ends that found nothing. */
const NOTHING_FOUND = 104;
/** Names that one run is asked for: arguments have a bound. */
const MOST_IN_ONE_RUN = 500;

/** A version of a package that is installed or that a repository has. */
export interface Solvable extends PackageFile {
  /** The name of the repository, not its alias; another word for what is only installed. */
  readonly repository: string;
}

/** Reads `zypper search --details`. */
export function readSolvables(answer: XmlElement): Solvable[] {
  return elementsOf(answer, 'solvable')
    .filter((one) => one.attributes.get('kind') === 'package')
    .map((one) => ({
      name: one.attributes.get('name') ?? '',
      architecture: one.attributes.get('arch') ?? '',
      version: one.attributes.get('edition') ?? '',
      repository: one.attributes.get('repository') ?? '',
    }));
}

async function search(
  doors: PackageDoors,
  words: readonly string[],
  by: readonly string[],
): Promise<Solvable[]> {
  const found: Solvable[] = [];
  for (let at = 0; at < words.length; at += MOST_IN_ONE_RUN) {
    const some = words.slice(at, at + MOST_IN_ONE_RUN);
    const args = ['search', '--details', '--match-exact', '--type', 'package', ...by, '--', ...some];
    found.push(...readSolvables((await askZypper(doors, args, { accept: [NOTHING_FOUND] })).answer));
  }
  return found;
}

/** Every version of these packages; an architecture behind a name counts for nothing here. */
async function versionsOf(doors: PackageDoors, names: readonly string[]): Promise<Solvable[]> {
  // A name may have a dot of its own, which looks like an architecture.
  return search(
    doors,
    [...new Set(names.flatMap((name) => [splitName(name).name, name.split(':')[0] ?? name]))],
    [],
  );
}

/** Versions that packages have, newest first; a name that nobody knows is not among the keys. */
export async function readAvailable(
  doors: PackageDoors,
  targets: readonly PackageTarget[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await versionsOf(
    doors,
    targets.map((one) => one.name),
  );
  return new Map(
    targets.flatMap(({ name }) => {
      const own = found.filter((one) => RPM_RULES.isNamed(one, name)).map((one) => one.version);
      const versions = [...new Set(own)].sort((a, b) => compareRpmVersions(b, a));
      return versions.length > 0 ? [[name, versions] as const] : [];
    }),
  );
}

/** The newest that an enabled repository has; undefined for a package that is only installed, and for none. */
export async function readNewest(doors: PackageDoors, name: string): Promise<Solvable | undefined> {
  const names = new Set((await listRepositories(doors)).map((one) => one.name));
  const found = (await versionsOf(doors, [name])).filter(
    (one) => RPM_RULES.isNamed(one, name) && names.has(one.repository),
  );
  return found.sort((a, b) => compareRpmVersions(a.version, b.version)).at(-1);
}

/** Names of the packages that provide a virtual one. */
export async function providersOf(doors: PackageDoors, name: string): Promise<readonly string[]> {
  const found = await search(doors, [name], ['--provides']);
  return [...new Set(found.map((one) => one.name))].sort();
}

/** Every repository that has each of these very versions; undefined stands for one of which nothing is known. */
export async function readOrigins(
  doors: PackageDoors,
  wanted: readonly PackageFile[],
): Promise<(PackageOrigin | undefined)[][]> {
  const repositories = await listRepositories(doors);
  const found = await search(doors, [...new Set(wanted.map((one) => one.name))], []);
  return wanted.map(({ name, architecture, version }) => {
    const same = found.filter(
      (one) => one.name === name && one.architecture === architecture && one.version === version,
    );
    // Several may have one name: each of them may be meant.
    const own = same.flatMap((one) => repositories.filter((each) => each.name === one.repository));
    if (own.length === 0) return [undefined];
    return own.map(({ alias, name: label, url }) => ({
      origin: alias,
      label,
      suite: undefined,
      codename: undefined,
      site: siteOf(url),
    }));
  });
}
