import { close, constants, ftruncate, open, write } from 'node:fs';
import { promisify } from 'node:util';
import type { FileLockOptions } from '../files.ts';
import { runWithDescriptor } from './commands.ts';

const MODE = 0o600;
/** A lock that is free is had in some milliseconds. */
const AT_ONCE_LIMIT_MS = 10_000;
/** The longest that Node's timers can wait; then it is begun again. */
const WAIT_LIMIT_MS = 2 ** 31 - 1;
/** Where the file is there already, reading is enough (a read-only file system, a full disk). */
const CANNOT_WRITE: readonly unknown[] = ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT'];

const openFile = promisify(open);
const closeFile = promisify(close);
const truncateFile = promisify(ftruncate);
const writeFile = promisify(write);

/** Plain descriptors: a `FileHandle` that nobody refers to any more would be closed, and the lock with it. */
async function openForLock(path: string): Promise<number> {
  const { O_RDWR, O_RDONLY, O_CREAT, O_NOFOLLOW } = constants;
  try {
    // NFS gives an exclusive lock only to those who may write (flock(2)).
    return await openFile(path, O_RDWR | O_CREAT | O_NOFOLLOW, MODE);
  } catch (error) {
    if (!CANNOT_WRITE.includes((error as NodeJS.ErrnoException).code)) throw error;
    return await openFile(path, O_RDONLY | O_NOFOLLOW).catch(() => {
      throw error;
    });
  }
}

/** Locks the open file behind the descriptor, which outlives flock(1): the lock belongs to the file as it is opened here. */
async function lockDescriptor(fd: number, wait: AbortSignal | undefined): Promise<boolean> {
  const { exitCode, stderr, aborted, timedOut } = await runWithDescriptor(
    {
      program: 'flock',
      args: wait ? ['3'] : ['-n', '3'],
      timeoutMs: wait ? WAIT_LIMIT_MS : AT_ONCE_LIMIT_MS,
      ...(wait ? { signal: wait } : {}),
    },
    fd,
  );
  if (exitCode === 0) return true;
  if (aborted) return false;
  if (wait && timedOut) return lockDescriptor(fd, wait);
  // Another has it: 1 and not a word, by flock of util-linux and of BusyBox.
  if (exitCode === 1 && stderr === '') return false;
  throw new Error(`flock ended with ${exitCode ?? 'a signal'}: ${stderr.trim() || 'no answer in time'}`);
}

/** Says in the file who has it; where that cannot be written, nobody is named. */
async function replaceNote(fd: number, note: string): Promise<void> {
  await truncateFile(fd, 0)
    .then(() => writeFile(fd, note, 0))
    .catch(() => {});
}

/** See `Files.lock`. */
export async function lockFile(
  path: string,
  { note, wait }: FileLockOptions,
): Promise<AsyncDisposable | undefined> {
  const fd = await openForLock(path);
  try {
    if (!(await lockDescriptor(fd, wait))) {
      await closeFile(fd);
      return undefined;
    }
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
  await replaceNote(fd, note);
  let isHeld = true;
  return {
    async [Symbol.asyncDispose]() {
      if (!isHeld) return;
      isHeld = false;
      await replaceNote(fd, '');
      await closeFile(fd);
    },
  };
}
