import { join } from 'node:path';
import { type FileFacts, type Files, ownUid } from '@linux-patch/runtime';
import { ownerWords, realFile } from '../../host/real-file.ts';
import { type CertificatePaths, storeFolder, unlessClosed } from './paths.ts';

/** Checks of the files themselves; none of them refuses an identity in use. */
export const FILE_CHECKS = {
  F1: { name: 'key_mode', sentence: 'Only its owner may read the private key (mode 0600).' },
  F2: { name: 'key_owner', sentence: 'The private key belongs to the user the agent runs as.' },
  F3: {
    name: 'folder',
    sentence:
      'The folder of the certificates belongs to the user the agent runs as or to root, nobody else may write into it, and it is no link that somebody else made.',
  },
  F4: { name: 'readable', sentence: 'Each file can be read.' },
} as const;

/** A check of the files, such as `F1`. */
export type FileCheckId = keyof typeof FILE_CHECKS;

/** What is wrong with a file or folder. */
export interface FileFault {
  readonly check: FileCheckId;
  readonly message: string;
  readonly paths: readonly string[];
  readonly repair: string;
  /** Whether nothing is written there. */
  readonly refuses?: boolean;
}

const KEY_MODE = 0o600;
const OTHERS_MAY_USE = 0o077;
const OTHERS_MAY_WRITE = 0o022;

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** The facts of what a path leads to, through links. */
async function targetFacts(files: Files, path: string): Promise<FileFacts | undefined> {
  const own = await files.facts(path);
  if (own?.kind !== 'link') return own;
  // lstat(2) of a path that ends in `/.` follows the link; it works for folders only.
  const folder = await files.facts(`${path}/.`).catch(() => undefined);
  if (folder) return folder;
  const target = await files.readLink(path);
  return target === undefined ? undefined : files.facts(join(path, '..', target));
}

/** F3: whether the certificates lie in a folder that nobody else can change. */
export async function folderFaults(files: Files, paths: CertificatePaths): Promise<FileFault[]> {
  const path = storeFolder(paths);
  const uid = await ownUid(files);
  const own = await files.facts(path);
  const target = await targetFacts(files, path);
  const isOurs = (facts: FileFacts): boolean => facts.uid === 0 || facts.uid === uid;
  const fault = (message: string, repair: string): FileFault => ({
    check: 'F3',
    message,
    paths: [path],
    repair,
  });
  if (own?.kind === 'link' && (!isOurs(own) || (target && !isOurs(target)))) {
    const whose = isOurs(own) ? target?.uid : own.uid;
    const message = `${path} is a link that leads out of this agent's hands: it or its target belongs to the user with uid ${whose}, who could replace certificates and key. Put a folder of root's in its place.`;
    return [{ ...fault(message, `ls -ld ${path} ${path}/.`), refuses: true }];
  }
  if (target && !isOurs(target)) {
    const message = `The folder ${path} belongs to the user with uid ${target.uid}, who can replace certificates and key.`;
    return [fault(message, `chown ${ownerWords(uid)} ${path}`)];
  }
  if (target && (target.mode & OTHERS_MAY_WRITE) !== 0) {
    const message = `The folder ${path} has mode ${octal(target.mode)}: others than its owner can replace certificates and key.`;
    return [fault(message, `chmod go-w ${path}`)];
  }
  return [];
}

/** F1 and F2: who can read the private key. */
export async function keyFileFaults(files: Files, paths: CertificatePaths): Promise<FileFault[]> {
  const key = await unlessClosed(realFile(files, paths.key));
  if (!key || key.facts.kind !== 'file') return [];
  const { path, facts } = key;
  const uid = await ownUid(files);
  const faults: FileFault[] = [];
  if ((facts.mode & OTHERS_MAY_USE) !== 0) {
    const message = `The private key ${path} has mode ${octal(facts.mode)}: others than its owner can use it.`;
    faults.push({ check: 'F1', message, paths: [path], repair: `chmod 0600 ${path}` });
  }
  if (facts.uid !== uid && facts.uid !== 0) {
    const message = `The private key ${path} belongs to the user with uid ${facts.uid}, who can read and replace it.`;
    faults.push({ check: 'F2', message, paths: [path], repair: `chown ${ownerWords(uid)} ${path}` });
  }
  return faults;
}

/** Takes away what others than the owner may do with the private key; returns what was found and mended. */
export async function protectKey(files: Files, paths: CertificatePaths): Promise<FileFault[]> {
  const open = (await keyFileFaults(files, paths)).filter((fault) => fault.check === 'F1');
  for (const { paths: mended } of open) for (const path of mended) await files.setMode(path, KEY_MODE);
  return open;
}
