import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, readSync, type Stats, watch as watchFolder } from 'node:fs';
import {
  chmod,
  type FileHandle,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  statfs,
  symlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as others } from 'node:timers/promises';
import type { DurableWrite, FileFacts, Files, FreeSpace } from '../files.ts';
import { actAs } from './act-as.ts';
import { lockFile } from './file-lock.ts';

/** Editors and package managers touch a file several times in a row; one notice is enough. */
const WATCH_DEBOUNCE_MS = 100;

let temporaryNames = 0;

/** A name beside the target that no other writer of this or another process uses. */
function temporaryPath(path: string): string {
  temporaryNames += 1;
  return join(dirname(path), `.${basename(path)}.${process.pid}-${temporaryNames}.tmp`);
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/**
 * Removes what a process that was killed left beside this file: temporaries of processes that are no more. They may hold
 * what the file holds, a key for one.
 */
async function removeLeftovers(path: string): Promise<void> {
  const prefix = `.${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const pid = /^(\d+)-\d+\.tmp$/.exec(name.slice(prefix.length))?.[1];
    if (pid === undefined || Number(pid) === process.pid) continue;
    if (await orAbsent(lstat(`/proc/${pid}`))) continue;
    await rm(join(dirname(path), name), { force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeDurably(write: DurableWrite): Promise<void> {
  const temporary = temporaryPath(write.path);
  try {
    const handle = await open(temporary, 'wx', write.mode);
    try {
      await handle.chmod(write.mode);
      await handle.writeFile(write.data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, write.path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await removeLeftovers(write.path).catch(() => {});
  await syncFolder(dirname(write.path));
}

/** Files that are read as a whole are settings, certificates and records. */
const WHOLE_LIMIT_BYTES = 64 * 1024 * 1024;
/** Most files are small, whatever they may be at most, and a buffer is given back late: the first, and the largest; each is four times the one before. */
const [FIRST_BUFFER_BYTES, LAST_BUFFER_BYTES] = [4 * 1024, 256 * 1024];

/** How a file is opened to be read. */
type OpenToRead = (path: string) => Promise<FileHandle>;

const openAny: OpenToRead = (path) => open(path, 'r');

/** What is seen is what was opened, so nobody can lay something else there in between. */
const openPlain: OpenToRead = async (path) => {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stats = await handle.stat();
  if (stats.isFile() && stats.nlink === 1) return handle;
  await handle.close();
  const message = `EINVAL: ${path} is no file of one name and was not read`;
  throw Object.assign(new Error(message), { code: 'EINVAL', path });
};

interface Reading {
  readonly maxBytes: number;
  /** Of the first byte; undefined: from wherever an opened file begins, which not every file lets one choose. */
  readonly offset?: number;
  readonly opened: OpenToRead;
}

async function readUpTo(path: string, { maxBytes, offset, opened }: Reading): Promise<Buffer> {
  const handle = await opened(path);
  try {
    const full: Buffer[] = [];
    let buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
    let used = 0;
    for (let sizeBytes = 0; sizeBytes < maxBytes; ) {
      const room = Math.min(buffer.length - used, maxBytes - sizeBytes);
      const position = offset === undefined ? null : offset + sizeBytes;
      const { bytesRead } = await handle.read(buffer, used, room, position);
      if (bytesRead === 0) break;
      sizeBytes += bytesRead;
      used += bytesRead;
      if (used < buffer.length) continue;
      full.push(buffer);
      buffer = Buffer.allocUnsafe(Math.min(4 * buffer.length, LAST_BUFFER_BYTES));
      used = 0;
    }
    return Buffer.concat([...full, buffer.subarray(0, used)]);
  } finally {
    await handle.close();
  }
}

async function readWhole(path: string, opened: OpenToRead): Promise<Buffer> {
  const data = await readUpTo(path, { maxBytes: WHOLE_LIMIT_BYTES + 1, opened });
  if (data.length <= WHOLE_LIMIT_BYTES) return data;
  const message = `EFBIG: ${path} is larger than ${WHOLE_LIMIT_BYTES} bytes and was not read`;
  throw Object.assign(new Error(message), { code: 'EFBIG', path });
}

async function readTextLimited(path: string, maxBytes: number): Promise<string | undefined> {
  return (await orAbsent(readUpTo(path, { maxBytes, offset: 0, opened: openAny })))?.toString('utf8');
}

function reading(opened: OpenToRead): Files['plain'] {
  return {
    readText: async (path) => (await orAbsent(readWhole(path, opened)))?.toString('utf8'),
    readPart: (path, part) => orAbsent(readUpTo(path, { ...part, opened })),
  };
}

/** Files that are read before others have their turn: some milliseconds. */
const FILES_IN_A_ROW = 256;

async function readTextsLimited(paths: readonly string[], maxBytes: number): Promise<(string | undefined)[]> {
  const buffer = Buffer.allocUnsafe(Math.min(maxBytes, FIRST_BUFFER_BYTES));
  const texts: (string | undefined)[] = [];
  for (const path of paths) {
    if (texts.length % FILES_IN_A_ROW === FILES_IN_A_ROW - 1) await others();
    const small = readInto(buffer, path);
    // One that fills the buffer may have more.
    texts.push(small === null ? await readTextLimited(path, maxBytes) : small);
  }
  return texts;
}

/** Undefined for a file that is absent, null for one that does not fit. */
function readInto(buffer: Buffer, path: string): string | undefined | null {
  let descriptor: number | undefined;
  try {
    // Nobody waits for who writes to a pipe: it is none of these files.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const bytes = readSync(descriptor, buffer, 0, buffer.length, 0);
    return bytes < buffer.length ? buffer.toString('utf8', 0, bytes) : null;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

async function append(path: string, data: string, options: { mode: number; sync: boolean }): Promise<void> {
  const handle = await open(path, 'a', options.mode);
  try {
    await handle.appendFile(data);
    if (options.sync) await handle.sync();
  } finally {
    await handle.close();
  }
}

async function factsFrom(reading: Promise<Stats>): Promise<FileFacts | undefined> {
  const stats = await orAbsent(reading);
  if (!stats) return undefined;
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'folder'
      : stats.isSymbolicLink()
        ? 'link'
        : 'other';
  return {
    kind,
    sizeBytes: stats.size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    modifiedMs: stats.mtimeMs,
    changedMs: stats.ctimeMs,
    inode: stats.ino,
    device: stats.dev,
  };
}

async function space(path: string): Promise<FreeSpace | undefined> {
  const stat = await orAbsent(statfs(path));
  return stat && { freeBytes: stat.bavail * stat.bsize, freeInodes: stat.files > 0 ? stat.ffree : undefined };
}

async function claimFolder(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function shred(path: string): Promise<void> {
  const stat = await orAbsent(lstat(path));
  if (!stat) return;
  if (stat.isFile()) {
    const handle = await open(path, 'r+');
    try {
      await handle.write(randomBytes(stat.size), 0, stat.size, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

async function replaceLink(target: string, link: string): Promise<void> {
  const temporary = temporaryPath(link);
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  await rename(temporary, link);
  await removeLeftovers(link).catch(() => {});
  await syncFolder(dirname(link));
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return await orAbsent(readlink(path));
  } catch (error) {
    // readlink(2): the file exists but is not a symbolic link.
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
    throw error;
  }
}

/** Watches the folder, not the inode, so that a file replaced by rename stays watched. */
function watchFile(path: string, changed: () => void): Disposable {
  const name = basename(path);
  let timer: NodeJS.Timeout | undefined;
  const watcher = watchFolder(dirname(path), { persistent: false }, (_event, file) => {
    if (file !== null && file !== name) return;
    clearTimeout(timer);
    timer = setTimeout(changed, WATCH_DEBOUNCE_MS);
    timer.unref();
  });
  watcher.on('error', () => {});
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}

/** The folder nearest to the root that is not there on the way to `path`. */
async function firstMissing(path: string): Promise<string> {
  const parent = dirname(path);
  const isThere = parent === path || (await orAbsent(lstat(parent))) !== undefined;
  return isThere ? path : firstMissing(parent);
}

/** Makes a folder and those above it. On a read-only file system Node's recursive call says ENOENT; the plain one says why. */
async function makeMissing(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(await firstMissing(path), { mode });
    await mkdir(path, { recursive: true, mode });
  }
}

/** The host's file system. */
export const systemFiles: Files = {
  ...reading(openAny),
  plain: reading(openPlain),
  readTextLimited,
  readBytes: async (path) => {
    const data = await orAbsent(readWhole(path, openAny));
    return data && new Uint8Array(data);
  },
  readTextsLimited,
  writeDurably,
  append,
  makeFolder: async (path, mode) => {
    await makeMissing(dirname(path), 0o755);
    await makeMissing(path, mode);
  },
  claimFolder,
  lock: lockFile,
  list: async (path, options) => {
    const names = options?.missingOk ? ((await orAbsent(readdir(path))) ?? []) : await readdir(path);
    return names.sort();
  },
  facts: (path) => factsFrom(lstat(path)),
  factsBehind: (path) => factsFrom(stat(path)),
  setMode: (path, mode) => chmod(path, mode),
  setOwner: (path, { uid, gid }) => lchown(path, uid, gid),
  actAs,
  space,
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { recursive: true, force: true }),
  shred,
  replaceLink,
  readLink: (path) => readLink(path),
  syncFolder,
  watch: watchFile,
};
