import { join } from 'node:path';
import type { PackageDoors } from '../doors.ts';

const CONFIG = 'etc/pacman.conf';

/** The configuration that pacman reads. */
export function configPath(root: string): string {
  return join(root, CONFIG);
}

/** Arguments of pacman that keep it below a private root; none for the host itself. The database is named by whoever asks. */
export function rootArguments(root: string): string[] {
  if (root === '/') return [];
  const options: Readonly<Record<string, string>> = {
    root: '.',
    config: CONFIG,
    cachedir: 'var/cache/pacman/pkg',
    logfile: 'var/log/pacman.log',
    hookdir: 'etc/pacman.d/hooks',
    gpgdir: 'etc/pacman.d/gnupg',
  };
  return Object.entries(options).flatMap(([name, path]) => [`--${name}`, join(root, path)]);
}

export async function findPacmanRootFault({
  files,
  root,
}: Pick<PackageDoors, 'files' | 'root'>): Promise<string | undefined> {
  const path = configPath(root);
  if (await files.facts(path)) return undefined;
  return `${path} does not exist. Without it pacman would read the configuration of this machine instead of that folder's, so nothing is started.`;
}
