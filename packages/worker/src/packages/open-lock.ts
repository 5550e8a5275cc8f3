import { basename } from 'node:path';
import type { PackageDoors } from './doors.ts';

type Reading = Pick<PackageDoors, 'files'>;

/**
 * Whether one of the open files of a process is this one, and is locked where that is asked for: the kernel shows the locks
 * of a descriptor beside it (proc_pid_fdinfo(5)).
 */
async function hasOpen(
  { files }: Reading,
  { pid, isLocked }: { readonly pid: number; readonly isLocked: boolean },
  path: string,
): Promise<boolean> {
  const facts = await files.facts(path);
  if (!facts) return false;
  const folder = `/proc/${pid}/fd`;
  for (const name of await files.list(folder)) {
    const target = await files.readLink(`${folder}/${name}`);
    // Another root has another name for it; the last part is the same.
    if (target === undefined || basename(target) !== basename(path)) continue;
    const open = await files.factsBehind(`${folder}/${name}`);
    if (open?.inode !== facts.inode || open.device !== facts.device) continue;
    if (!isLocked) return true;
    const info = (await files.readText(`/proc/${pid}/fdinfo/${name}`)) ?? '';
    if (/^lock:/m.test(info)) return true;
  }
  return false;
}

/** Processes for which this holds, the lowest number first; of one that may not be looked at it does not. */
async function processesThat(
  { files }: Reading,
  holds: (pid: number) => Promise<boolean>,
): Promise<number[]> {
  const pids = (await files.list('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids.sort((a, b) => a - b)) if (await holds(pid).catch(() => false)) found.push(pid);
  return found;
}

/**
 * The processes that have a lock open which is a file that is there while somebody works (libalpm). None when the file is not
 * there, and when whoever made it is gone and left it.
 */
export async function findOpenLockHolders(host: Reading, path: string): Promise<number[]> {
  if (!(await host.files.facts(path))) return [];
  return processesThat(host, (pid) => hasOpen(host, { pid, isLocked: false }, path));
}

/**
 * The processes that hold a lock on one of these files, by their own descriptors. On overlayfs /proc/locks may name another
 * inode than stat(2) does, once the kernel has forgotten the file and looked it up again.
 */
export function findLockedFileHolders(host: Reading, paths: readonly string[]): Promise<number[]> {
  return processesThat(host, async (pid) => {
    for (const path of paths) if (await hasOpen(host, { pid, isLocked: true }, path)) return true;
    return false;
  });
}
