import { join } from 'node:path';
import { type FileFacts, type Files, ownUid } from '@linux-patch/runtime';

/** As many links as the kernel would follow are no way to a file of ours. */
const MOST_LINKS = 8;
const OTHERS_MAY_WRITE = 0o022;

/** The file at the end of symbolic links; undefined when there is none. */
export async function realFile(
  files: Files,
  path: string,
): Promise<{ readonly path: string; readonly facts: FileFacts } | undefined> {
  let current = path;
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const facts = await files.facts(current);
    if (facts?.kind !== 'link') return facts && { path: current, facts };
    const target = await files.readLink(current);
    if (target === undefined) return undefined;
    current = target.startsWith('/') ? target : join(current, '..', target);
  }
  return undefined;
}

/** As chown(1) wants it: whose the agent's own folders are. @param uid of the user that the agent runs as */
export function ownerWords(uid: number): string {
  return uid === 0 ? 'root:root' : 'linux-patch-api:linux-patch-api';
}

/** A file that somebody else than root and the user of this process can change. */
export interface OpenFile {
  readonly path: string;
  readonly facts: FileFacts;
  readonly foreignOwner: boolean;
  readonly writableByOthers: boolean;
}

/** Undefined when only root and the user of this process can change the file, and when there is none. */
export async function findOpenFile(files: Files, path: string): Promise<OpenFile | undefined> {
  const file = await realFile(files, path);
  if (file?.facts.kind !== 'file') return undefined;
  const { uid, mode } = file.facts;
  const foreignOwner = uid !== 0 && uid !== (await ownUid(files));
  const writableByOthers = (mode & OTHERS_MAY_WRITE) !== 0;
  return foreignOwner || writableByOthers ? { ...file, foreignOwner, writableByOthers } : undefined;
}

/** Why such a file is not safe, and what mends it. */
export function openFileWords({ path, facts, foreignOwner }: OpenFile): {
  readonly message: string;
  readonly repair: string;
} {
  return foreignOwner
    ? {
        message: `${path} belongs to user ${facts.uid}, who can change it`,
        repair: `chown root:root ${path}`,
      }
    : {
        message: `others than its owner can change ${path} (mode ${facts.mode.toString(8).padStart(4, '0')})`,
        repair: `chmod go-w ${path}`,
      };
}
