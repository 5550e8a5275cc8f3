import { deviceName } from '@linux-patch/runtime';

/** A file that a process runs code of. */
export interface MappedFile {
  readonly path: string;
  /** Whether the kernel says that it is no longer under its path. */
  readonly removed: boolean;
  /** See `deviceName`. On btrfs and overlayfs it is not the one of stat(2). */
  readonly device: string;
  readonly inode: number;
}

/** `7f1c2000-7f1c4000 r-xp 00026000 fe:00 131099    /usr/lib/libz.so.1 (deleted)` (proc_pid_maps(5)). */
const MAPPING = /^\S+ ..x. \S+ ([0-9a-f]+):([0-9a-f]+) (\d+) +(\/.*)$/;
const REMOVED = ' (deleted)';

/** What is no program and no library of a package, or comes and goes without one. */
const PASSING: readonly RegExp[] = [
  /^\/(memfd:|SYSV|dev\/|drm$|i915$|anon_hugepage)/,
  /^\/\[aio\]/,
  /^(\/var)?\/(tmp|run)\//,
  // Code that programs make as they run: liborc, Java Native Access, and files that never had a name.
  /\/orcexec\.\w+$/,
  /\/jna-?\d+\.tmp$/,
  /\/#\d+$/,
];

/** Whether a file says nothing of packages. @param path below the root of the host */
export function isPassing(path: string): boolean {
  return PASSING.some((pattern) => pattern.test(path));
}

/** The files that a process may run code of, each once, from the text of /proc/PID/maps. */
export function parseMaps(text: string): MappedFile[] {
  const files = new Map<string, MappedFile>();
  for (const line of text.split('\n')) {
    const [, major = '', minor = '', inode = '', shown] = MAPPING.exec(line) ?? [];
    if (shown === undefined) continue;
    const removed = shown.endsWith(REMOVED);
    const path = removed ? shown.slice(0, -REMOVED.length) : shown;
    const device = deviceName(parseInt(major, 16), parseInt(minor, 16));
    files.set(`${device} ${inode} ${shown}`, { path, removed, device, inode: Number(inode) });
  }
  return [...files.values()];
}
