import { PackageName, PackageVersion, PatchError } from '@linux-patch/contract';
import type { PackageTarget } from '../../package-interface/package-operations.ts';
import type { PackageDoors } from '../doors.ts';
import { ask } from './failure.ts';
import { aptTool } from './neutral-options.ts';
import { readPolicy } from './policy.ts';

/** The argument of apt for a package. Names are checked once more where they become arguments of a program that runs as root. */
export function aptArgument({ name, version }: PackageTarget): string {
  const fine =
    PackageName.safeParse(name).success &&
    (version === undefined || PackageVersion.safeParse(version).success);
  const argument = version === undefined ? name : `${name}=${version}`;
  if (!fine) throw new PatchError('PKG_NOT_FOUND', `"${argument}" is not a package name and version.`);
  return argument;
}

/**
 * Versions that apt has of packages; what it does not know by that very name has none. It would read such a name as
 * something else: `name-` removes, `name+` installs, and a name with `.` or `+` is tried as a regular expression
 * (apt-get(8)); `name=1.0-` would remove as well.
 */
export async function readAvailable(
  doors: PackageDoors,
  targets: readonly PackageTarget[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = targets.map((one) => one.name);
  const policy = await readPolicy(doors, names);
  return new Map(
    names.flatMap((name) => {
      const known = policy.get(name) ?? policy.get(name.split(':')[0] ?? name);
      return known ? [[name, known.versions.map(({ version }) => version)] as const] : [];
    }),
  );
}

/** Names of the packages that provide a virtual one; empty for a name that nobody provides. */
export async function providersOf(doors: PackageDoors, name: string): Promise<string[]> {
  const text = await ask(doors, `apt-cache showpkg ${name}`, aptTool('apt-cache', ['showpkg', '--', name]));
  const [, providers = ''] = text.split(/^Reverse Provides: *$/m);
  return providers.split('\n').flatMap((line) => /^(\S+) \S+ \(= \S*\)$/.exec(line.trim())?.[1] ?? []);
}
