import { dirname } from 'node:path';
import type { Files } from '@linux-patch/runtime';

export const ROOT_UID = 0;

/**
 * Mends something with the rights of root where that lies in a folder of root, in which nobody else lays links; in a folder
 * of the agent it is done with the agent's.
 */
export async function asFolderOwner(files: Files, path: string, work: () => Promise<void>): Promise<void> {
  const folder = await files.factsBehind(dirname(path));
  return folder?.uid === ROOT_UID ? files.actAs({ uid: ROOT_UID, gid: ROOT_UID }, work) : work();
}
