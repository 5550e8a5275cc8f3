import { PatchError } from '@linux-patch/contract';
import type { ManagerPaths } from '../config/paths.ts';

/** A restore takes the place of no authority: whoever gives one up must know that its hosts are lost with it. */
export function noRoom(why: string, { dataFolder }: Pick<ManagerPaths, 'dataFolder'>): PatchError {
  return new PatchError(
    'ALREADY_INITIALIZED',
    `${why}, and a restore replaces none. Nothing was changed. Only if its hosts belong to the one in the backup: stop the manager ` +
      `(systemctl stop linux-patch-manager), and move the folder away, which keeps it: mv ${dataFolder} ${dataFolder}.old`,
  );
}
