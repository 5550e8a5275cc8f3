import { type RpmInstalled, readRpmInstalled } from '../rpm/installed.ts';
import type { DnfDoors } from './doors.ts';
import { readLocks } from './version-locks.ts';

/**
 * Everything that is installed, with what the list of versions holds.
 * @throws PatchError `PKG_MANAGER_ERROR`
 */
export async function readInstalled(doors: DnfDoors): Promise<RpmInstalled[]> {
  return readRpmInstalled(doors, await readLocks(doors));
}
