import { join } from 'node:path';

/** Where a private root keeps what tells rpm where its database is: distributions build different places into rpm. */
const HOME = 'root';
/** The file that does it. */
export const RPM_MACROS = join(HOME, '.rpmmacros');

/** Files that rpm locks while it changes something. */
export const RPM_LOCK_FILES: readonly string[] = ['var/lib/rpm/.rpm.lock', 'usr/lib/sysimage/rpm/.rpm.lock'];

/** Files of the database, in each of its formats and places. */
export const RPM_DATABASES: readonly string[] = ['var/lib/rpm', 'usr/lib/sysimage/rpm'].flatMap((folder) =>
  ['rpmdb.sqlite', 'rpmdb.sqlite-wal', 'Packages', 'Packages.db'].map((name) => `${folder}/${name}`),
);

/** What rpm needs in its environment to find the database of a private root. */
export function rpmEnvironment(root: string): Readonly<Record<string, string>> {
  return root === '/' ? {} : { HOME: join(root, HOME) };
}

/** Arguments of rpm that only reads. */
export function rpmArguments(root: string): string[] {
  return root === '/' ? [] : ['--dbpath', join(root, 'var/lib/rpm')];
}
