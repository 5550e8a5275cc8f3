import { PackageName, PackageVersion, PatchError } from '@linux-patch/contract';
import type { PackageTarget } from '../package-interface/package-operations.ts';

/**
 * Names are checked once more where they become arguments of a program that runs as root.
 * @throws PatchError `PKG_NOT_FOUND` for what is no name or version of a package
 */
export function requireNamed({ name, version }: PackageTarget): void {
  const fine =
    PackageName.safeParse(name).success &&
    (version === undefined || PackageVersion.safeParse(version).success);
  if (fine) return;
  const shown = version === undefined ? name : `${name} ${version}`;
  throw new PatchError('PKG_NOT_FOUND', `"${shown}" is not a package name and version.`);
}
