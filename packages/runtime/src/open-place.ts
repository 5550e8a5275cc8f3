import { dirname } from 'node:path';
import type { FileFacts, Files } from './files.ts';
import { ownUid } from './permission.ts';

const OTHERS_MAY_WRITE = 0o022;
/** Each changes only what is their own, as in /tmp. */
const STICKY = 0o1000;

/** A file by which the administrator of a host has the last word. */
interface Place {
  readonly files: Files;
  readonly path: string;
}

/** Why others than root can say what is in a file; empty when nobody can, and when there is none. */
export async function findOpenPlace({ files, path }: Place): Promise<string[]> {
  const facts = await files.facts(path);
  if (!facts) return [];
  const folder = dirname(path);
  const behind = await files.factsBehind(folder);
  const faults = behind ? await openWords(files, folder, behind) : [];
  if (facts.kind !== 'file')
    return [...faults, `${path}: must be a file of its own, neither a link nor a folder`];
  return [...faults, ...(await openWords(files, path, facts))];
}

/** The same, and why others than root can say through which folders the path leads: for one that somebody else may choose. */
export async function findOpenWay({ files, path }: Place): Promise<string[]> {
  return [...(await findOpenPlace({ files, path })), ...(await findOpenFolders(files, dirname(path)))];
}

/** Why others than root can say what is in a folder, and in those that lead to it. */
export async function findOpenFolders(files: Files, innermost: string): Promise<string[]> {
  const owners = new Set([0, await ownUid(files)]);
  const faults: string[] = [];
  for (let folder = innermost; folder !== dirname(folder); folder = dirname(folder)) {
    const behind = await files.factsBehind(folder);
    const stranger = [await files.facts(folder), behind].find((one) => one && !owners.has(one.uid));
    if (stranger) faults.push(`${folder}: belongs to user ${stranger.uid}, who can lay another one there`);
    const { mode = 0 } = behind ?? {};
    if ((mode & OTHERS_MAY_WRITE) !== 0 && (mode & STICKY) === 0)
      faults.push(`${folder}: others than its owner can lay something else there`);
  }
  return faults;
}

async function openWords(files: Files, path: string, { uid, mode }: FileFacts): Promise<string[]> {
  const owners = new Set([0, await ownUid(files)]);
  if (!owners.has(uid))
    return [`${path}: belongs to user ${uid}, who can change it; to mend it: chown root:root ${path}`];
  if ((mode & OTHERS_MAY_WRITE) === 0) return [];
  const shown = mode.toString(8).padStart(4, '0');
  return [`${path}: others than its owner can change it (mode ${shown}); to mend it: chmod go-w ${path}`];
}
