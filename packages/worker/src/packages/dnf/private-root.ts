import { join } from 'node:path';
import type { PackageDoors } from '../doors.ts';

/** Where a private root keeps what tells rpm where its database is: distributions build different places into rpm. */
const HOME = 'root';
const MACROS = join(HOME, '.rpmmacros');
const CONFIG = 'etc/dnf/dnf.conf';

/** Arguments of dnf that keep it below a private root; none for the host itself. */
export function rootArguments(root: string): string[] {
  if (root === '/') return [];
  return [
    `--installroot=${root}`,
    `--config=${join(root, CONFIG)}`,
    `--setopt=reposdir=${join(root, 'etc/yum.repos.d')}`,
    `--setopt=cachedir=${join(root, 'var/cache/dnf')}`,
    `--setopt=pluginconfpath=${join(root, 'etc/dnf/plugins')}`,
  ];
}

/** What rpm needs in its environment to find the database of a private root. */
export function privateEnvironment(root: string): Readonly<Record<string, string>> {
  return root === '/' ? {} : { HOME: join(root, HOME) };
}

/** Arguments of rpm that only reads. */
export function rpmArguments(root: string): string[] {
  return root === '/' ? [] : ['--dbpath', join(root, 'var/lib/rpm')];
}

export async function findDnfRootFault({
  files,
  root,
}: Pick<PackageDoors, 'files' | 'root'>): Promise<string | undefined> {
  for (const path of [join(root, CONFIG), join(root, MACROS)]) {
    if (!(await files.facts(path)))
      return `${path} does not exist. Without it dnf would read or change this machine instead of that folder, so nothing is started.`;
  }
  return undefined;
}
