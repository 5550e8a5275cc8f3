import { matchesGlob } from '../../package-interface/name-pattern.ts';
import { belowRoot, type PackageDoors } from '../doors.ts';
import type { Installed } from '../package-facts.ts';
import type { DnfDoors } from './doors.ts';

const FOLDER = 'etc/dnf/plugins';
const LIMIT_BYTES = 1024 * 1024;

/** The list of the plugin, as its configuration names it (versionlock.conf). */
export async function lockListPath(doors: PackageDoors): Promise<string> {
  const path = belowRoot(doors, `${FOLDER}/versionlock.conf`);
  const text = (await doors.files.readTextLimited(path, LIMIT_BYTES)) ?? '';
  const [, named] = /^\s*locklist\s*=\s*(\S+)\s*$/m.exec(text) ?? [];
  return named ?? belowRoot(doors, `${FOLDER}/versionlock.list`);
}

/** Patterns of names that the list keeps at a version; lines with `!` keep one version out, which holds nothing. */
export function parseLocks(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('!'))
    .map((line) => /^(.+)-(?:\d+:)?[^-:]+-[^-]+$/.exec(line)?.[1] ?? line);
}

/** Says of a package whether the list of locked versions keeps it at its version. */
export async function readLocks(
  doors: DnfDoors,
): Promise<(one: Pick<Installed, 'name' | 'architecture'>) => boolean> {
  const text = await doors.files.readTextLimited(await doors.locks.path(), LIMIT_BYTES);
  const patterns = doors.locks.parse(text ?? '');
  return ({ name, architecture }) =>
    patterns.some((pattern) => matchesGlob(pattern, name) || matchesGlob(pattern, `${name}.${architecture}`));
}
