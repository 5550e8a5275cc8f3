import { basename } from 'node:path';
import type { PackageDoors } from './doors.ts';

type Reading = Pick<PackageDoors, 'files'>;

/** Whether one of the open files of a process is this one. */
async function hasOpen({ files }: Reading, pid: number, path: string): Promise<boolean> {
  const facts = await files.facts(path);
  if (!facts) return false;
  const folder = `/proc/${pid}/fd`;
  for (const name of await files.list(folder)) {
    const target = await files.readLink(`${folder}/${name}`);
    // Another root has another name for it; the last part is the same.
    if (target === undefined || basename(target) !== basename(path)) continue;
    const open = await files.factsBehind(`${folder}/${name}`);
    if (open?.inode === facts.inode && open.device === facts.device) return true;
  }
  return false;
}

/**
 * The processes that have a lock open which is a file that is there while somebody works (libalpm). None when the file is not
 * there, and when whoever made it is gone and left it.
 */
export async function findOpenLockHolders(host: Reading, path: string): Promise<number[]> {
  if (!(await host.files.facts(path))) return [];
  const pids = (await host.files.list('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const holders: number[] = [];
  for (const pid of pids.sort((a, b) => a - b))
    if (await hasOpen(host, pid, path).catch(() => false)) holders.push(pid);
  return holders;
}
