import { join } from 'node:path';
import type { PackageDoors } from '../doors.ts';
import { RPM_MACROS, rpmEnvironment } from '../rpm/database.ts';

export const ZYPPER = '/usr/bin/zypper';

const CONFIG = 'etc/zypp/zypp.conf';

/** Arguments of zypper that keep it below a private root, and make it answer programs and ask nobody. */
export function zypperArguments(root: string): string[] {
  return [...(root === '/' ? [] : ['--root', root]), '--xmlout', '--non-interactive'];
}

/** What zypper, and rpm below it, need in their environment to work below a private root. */
export function zypperEnvironment(root: string): Readonly<Record<string, string>> {
  return root === '/' ? {} : { ...rpmEnvironment(root), ZYPP_CONF: join(root, CONFIG) };
}

export async function findZypperRootFault({
  files,
  root,
}: Pick<PackageDoors, 'files' | 'root'>): Promise<string | undefined> {
  for (const path of [join(root, CONFIG), join(root, RPM_MACROS)]) {
    if (!(await files.facts(path)))
      return `${path} does not exist. Without it zypper would read or change this machine instead of that folder, so nothing is started.`;
  }
  return undefined;
}
