import { PatchError } from '@linux-patch/contract';

/** Errors of the operating system (errno(3)) that say that a disk takes nothing any more. */
const WHY: Readonly<Record<string, string>> = {
  ENOSPC: 'its disk is full',
  EDQUOT: 'the quota of its user is used up',
  EROFS: 'its file system is read-only',
};

/** `DISK_FULL` for an error of a file that could not be written, naming the file; undefined for any other error. */
export function findDiskFault(error: unknown): PatchError | undefined {
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  const why = WHY[code ?? ''];
  if (why === undefined) return undefined;
  return new PatchError(
    'DISK_FULL',
    `${path ?? 'A file'} cannot be written: ${why} (${code}). Nothing was changed. "df -h" shows the disks; make room, then do it again.`,
    { cause: error },
  );
}
