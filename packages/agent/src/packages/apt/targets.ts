import { PackageName, PackageVersion, PatchError } from '@linux-patch/contract';
import { type AptContext, READ_TIMEOUT_MS } from './apt-context.ts';
import { aptFailure } from './failure.ts';
import { readPolicy } from './policy.ts';

/** A package as a job names it. */
export interface PackageTarget {
  /** Perhaps with `:architecture`. */
  readonly name: string;
  readonly version?: string | undefined;
}

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
 * Arguments of apt that mean these packages and nothing else. What apt does not know by that very name it reads as
 * something else: `name-` removes, `name+` installs, and a name with `.` or `+` is tried as a regular expression
 * (apt-get(8)). A version that is not there gets no benefit of the doubt either: `name=1.0-` would remove.
 *
 * @throws PatchError `PKG_NOT_FOUND`, `VERSION_NOT_AVAILABLE`
 */
export async function resolveTargets(
  context: AptContext,
  wanted: readonly PackageTarget[],
): Promise<string[]> {
  const targets = wanted.map(aptArgument);
  const policy = await readPolicy(
    context,
    wanted.map((one) => one.name),
  );
  const knownVersions = ({ name }: PackageTarget) =>
    policy.get(name) ?? policy.get(name.split(':')[0] ?? name);
  const unknown = wanted.filter((one) => knownVersions(one) === undefined).map((one) => one.name);
  if (unknown.length > 0) {
    throw new PatchError(
      'PKG_NOT_FOUND',
      `No repository of this host has ${unknown.map((name) => `"${name}"`).join(', ')}. Nothing was changed.`,
    );
  }
  for (const one of wanted) {
    const versions = knownVersions(one)?.versions.map((known) => known.version) ?? [];
    if (one.version === undefined || versions.includes(one.version)) continue;
    throw new PatchError(
      'VERSION_NOT_AVAILABLE',
      `Version ${one.version} of ${one.name} is not available; ${versions.length > 0 ? `there is ${versions.join(', ')}` : 'there is none'}. Nothing was changed.`,
    );
  }
  return targets;
}

/** Names of the packages that provide a virtual one; empty for a name that nobody provides. */
export async function providersOf(context: AptContext, name: string): Promise<string[]> {
  const result = await context.commands.run({
    program: 'apt-cache',
    args: ['showpkg', '--', name],
    timeoutMs: READ_TIMEOUT_MS,
  });
  if (result.exitCode !== 0) throw aptFailure(`apt-cache showpkg ${name}`, result);
  const [, providers = ''] = result.stdout.split(/^Reverse Provides: *$/m);
  return providers.split('\n').flatMap((line) => /^(\S+) \S+ \(= \S*\)$/.exec(line.trim())?.[1] ?? []);
}
