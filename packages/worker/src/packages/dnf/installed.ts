import type { PackageDoors } from '../doors.ts';
import { type RpmInstalled, readRpmInstalled } from '../rpm/installed.ts';
import { readLocks } from './version-locks.ts';

/**
 * Everything that is installed, with what the versionlock plugin holds.
 * @throws PatchError `PKG_MANAGER_ERROR`
 */
export async function readInstalled(doors: PackageDoors): Promise<RpmInstalled[]> {
  return readRpmInstalled(doors, await readLocks(doors));
}
