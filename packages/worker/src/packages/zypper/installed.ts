import type { PackageDoors } from '../doors.ts';
import { type RpmInstalled, readRpmInstalled } from '../rpm/installed.ts';
import { readLocks } from './package-locks.ts';

/**
 * Everything that is installed, with what zypper has locked.
 * @throws PatchError `PKG_MANAGER_ERROR`
 */
export async function readInstalled(doors: PackageDoors): Promise<RpmInstalled[]> {
  return readRpmInstalled(doors, await readLocks(doors));
}
