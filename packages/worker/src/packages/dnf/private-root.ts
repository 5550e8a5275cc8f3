import { join } from 'node:path';
import type { PackageDoors } from '../doors.ts';
import { RPM_MACROS } from '../rpm/database.ts';

const CONFIG = 'etc/dnf/dnf.conf';

/** Arguments of dnf that keep it below a private root; none for the host itself. @param own below the root */
export function rootArguments(
  root: string,
  own: { readonly cache: string; readonly plugins: string },
): string[] {
  if (root === '/') return [];
  return [
    `--installroot=${root}`,
    `--config=${join(root, CONFIG)}`,
    `--setopt=reposdir=${join(root, 'etc/yum.repos.d')}`,
    `--setopt=cachedir=${join(root, own.cache)}`,
    `--setopt=pluginconfpath=${join(root, own.plugins)}`,
  ];
}

export async function findDnfRootFault({
  files,
  root,
}: Pick<PackageDoors, 'files' | 'root'>): Promise<string | undefined> {
  for (const path of [join(root, CONFIG), join(root, RPM_MACROS)]) {
    if (!(await files.facts(path)))
      return `${path} does not exist. Without it dnf would read or change this machine instead of that folder, so nothing is started.`;
  }
  return undefined;
}
