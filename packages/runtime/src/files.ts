/** What to write, and how the file must look from the first instant it exists. */
export interface DurableWrite {
  readonly path: string;
  /** Piece by piece where it is too large to be held. */
  readonly data: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Permission bits given at creation, for example 0o600; the umask does not weaken or widen them. */
  readonly mode: number;
}

/** Facts of a file. */
export interface FileFacts {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly sizeBytes: number;
  /** Permission bits only (0o7777 mask). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedMs: number;
  /** When anything of it changed, its name included (`st_ctime`); nobody can set it. */
  readonly changedMs: number;
  readonly inode: number;
  /** Device of the file system (`st_dev`, stat(2)); an inode number means something only together with it. */
  readonly device: number;
}

/** A user with the user's group, as numbers (credentials(7)). */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** How to take a lock. */
export interface FileLockOptions {
  /** What the file says while it is locked: who has it. */
  readonly note: string;
  /** Waits until it is free, or until this signal aborts; without it there is no waiting. */
  readonly wait?: AbortSignal;
}

/** What an ordinary user may still use of a file system. */
export interface FreeSpace {
  readonly freeBytes: number;
  /** Undefined where files are not counted (btrfs, vfat). */
  readonly freeInodes: number | undefined;
}

/**
 * The one door to the file system. Reading something absent is `undefined`; every other failure throws
 * Node's error with its `code` (EACCES, ENOSPC, EROFS …).
 */
export interface Files {
  /** Throws EFBIG for more than 64 MiB: no file that is read as a whole is so large, and a device never ends. */
  readText(path: string): Promise<string | undefined>;
  readBytes(path: string): Promise<Uint8Array | undefined>;
  /**
   * The same of a folder in which somebody else may lay links, pipes and devices under a name: a file of this one name alone,
   * without waiting for anybody. @throws ELOOP for a link, EINVAL for whatever else is no such file
   */
  readonly plain: Pick<Files, 'readText' | 'readPart'>;
  /** Reads at most `maxBytes` from the start; for files whose size outsiders control. */
  readTextLimited(path: string, maxBytes: number): Promise<string | undefined>;
  /**
   * The same of thousands of small ones, in their order and at a tenth of what they cost one by one. For files on a disk, in
   * a process that has nothing else to do: it is held up for a few milliseconds at a time.
   */
  readTextsLimited(paths: readonly string[], maxBytes: number): Promise<(string | undefined)[]>;
  /** At most `maxBytes` from `offset` on; empty at the end. For files that somebody else appends to. */
  readPart(
    path: string,
    part: { readonly offset: number; readonly maxBytes: number },
  ): Promise<Uint8Array | undefined>;
  /** Temporary file beside the target, fsync, rename, fsync of the folder: after it resolves the data survives a power cut. */
  writeDurably(write: DurableWrite): Promise<void>;
  /** Appends one complete record and, with `sync`, flushes it to the disk. Creates the file with `mode`. */
  append(
    path: string,
    data: string,
    options: { readonly mode: number; readonly sync: boolean },
  ): Promise<void>;
  /** Creates the folder with `mode`, and missing parents with 0755; an existing folder keeps its mode. */
  makeFolder(path: string, mode: number): Promise<void>;
  /** Creates one folder; false when something of that name exists. Of callers at the same time exactly one gets true. */
  claimFolder(path: string, mode: number): Promise<boolean>;
  /**
   * Takes the kernel's lock (flock(2)) of a file, which is created with 0600 where that is possible; undefined when somebody
   * else has it. The kernel lets go when this process ends, however it ends. Another descriptor of this process counts as
   * somebody else; a copy of the file is another lock.
   * @throws the system's error when there is no file and none can be made; PatchError `COMMAND_NOT_FOUND` without flock(1);
   *   an Error with the words of flock(1) where the file system has no locks
   */
  lock(path: string, options: FileLockOptions): Promise<AsyncDisposable | undefined>;
  /** Names in a folder, sorted; absent folder is an empty list only when `missingOk`. */
  list(path: string, options?: { readonly missingOk: boolean }): Promise<string[]>;
  /** Of a symbolic link, the link itself. */
  facts(path: string): Promise<FileFacts | undefined>;
  /** Of what the path leads to, links followed; undefined also where they lead to nothing. */
  factsBehind(path: string): Promise<FileFacts | undefined>;
  setMode(path: string, mode: number): Promise<void>;
  /** Gives a file or folder another owner; of a symbolic link, the link itself. */
  setOwner(path: string, owner: User): Promise<void>;
  /**
   * Does a piece of root's work with the rights of another user, for folders in which that user could lay links, and in it
   * a piece with those of root again; by a process that root has not started it is done as it is. The whole process acts
   * as that user meanwhile: nothing else may be under way. Programs that it starts are root's all the same.
   */
  actAs<T>(owner: User, work: () => Promise<T>): Promise<T>;
  /** What is left on the file system that holds `path`; undefined when `path` does not exist. */
  space(path: string): Promise<FreeSpace | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, link or whole folder; absent is fine. */
  remove(path: string): Promise<void>;
  /**
   * Overwrites a file's bytes on the disk, then removes it; of a link, the link alone. Absent is fine. What the medium
   * itself keeps (journals, snapshots, worn flash cells) is out of reach.
   */
  shred(path: string): Promise<void>;
  /** Makes `link` point at `target`, replacing what was there in one step. */
  replaceLink(target: string, link: string): Promise<void>;
  /** Where a symbolic link points; undefined when it is absent or not a link. */
  readLink(path: string): Promise<string | undefined>;
  /** Flushes a folder's entries to the disk. */
  syncFolder(path: string): Promise<void>;
  /**
   * Calls back (debounced) when the file at this path is written, replaced, created or removed, as far as the kernel
   * tells; `followFile` notices the rest.
   * @throws when the kernel has no inotify instance (EMFILE) or watch (ENOSPC) left, or the folder is absent.
   */
  watch(path: string, changed: () => void): Disposable;
}
