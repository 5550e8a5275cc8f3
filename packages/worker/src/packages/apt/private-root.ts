import { join } from 'node:path';
import type { PackageDoors } from '../doors.ts';

/** Where a private package root keeps the configuration that holds apt and dpkg inside it. */
export const PRIVATE_APT_CONFIG = 'etc/apt/linux-patch-root.conf';

export function aptEnvironment(root: string): Readonly<Record<string, string>> {
  return {
    APT_CONFIG: join(root, PRIVATE_APT_CONFIG),
    DPKG_ROOT: root,
    DPKG_FORCE: 'script-chrootless,not-root',
  };
}

export async function findAptRootFault({
  files,
  root,
}: Pick<PackageDoors, 'files' | 'root'>): Promise<string | undefined> {
  const path = join(root, PRIVATE_APT_CONFIG);
  if (await files.facts(path)) return undefined;
  return `${path} does not exist. Without it apt would change this machine instead of that folder, so nothing is started.`;
}
