import { join } from 'node:path';
import type { Files } from '../files.ts';

export type FolderFault = 'DISK_FULL' | 'INODES_USED_UP' | 'FOLDER_READ_ONLY' | 'DATA_FOLDER_BROKEN';

/** What a failed attempt to write means. */
function codeOfWriteFailure(code: string | undefined): FolderFault {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'DISK_FULL';
  return code === 'EROFS' ? 'FOLDER_READ_ONLY' : 'DATA_FOLDER_BROKEN';
}

/**
 * Why nothing can be written in a folder; undefined when it can. Writes and removes a small file: nothing else tells for sure.
 * @param leastFreeBytes with less room than that the disk counts as full
 */
export async function probeFolder(
  files: Files,
  path: string,
  leastFreeBytes: number,
): Promise<{ readonly code: FolderFault; readonly detail: string } | undefined> {
  const space = await files.space(path).catch(() => undefined);
  if (space?.freeInodes === 0) return { code: 'INODES_USED_UP', detail: `No file can be made in ${path}.` };
  const probe = join(path, '.linux-patch-doctor');
  try {
    await files.writeDurably({ path: probe, data: 'written to see whether it can be\n', mode: 0o600 });
    await files.remove(probe);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    await files.remove(probe).catch(() => {});
    return { code: codeOfWriteFailure(code), detail: `${path}: ${message}` };
  }
  if (space && space.freeBytes < leastFreeBytes)
    return { code: 'DISK_FULL', detail: `${path} has ${Math.floor(space.freeBytes / 1024)} KiB left.` };
  return undefined;
}
