import { PatchError } from '@linux-patch/contract';
import type { FileFacts, Files } from '@linux-patch/runtime';

const MAX_SECRET_BYTES = 4_096;
/** Where systemd lays what `LoadCredential` names; only the user of the service and root get into the folder (systemd.exec(5)). */
const CREDENTIALS = '/run/credentials/';

/** Whether others than its user read a file. Of a credential, root's, the bits of the group are the mask of an ACL for that user (systemd 254 and newer). */
export function isOpenToOthers(path: string, { mode, uid }: Pick<FileFacts, 'mode' | 'uid'>): boolean {
  const isCredential = path.startsWith(CREDENTIALS) && uid === 0;
  return (mode & (isCredential ? 0o037 : 0o077)) !== 0;
}

/**
 * The first line of a file that nobody else may read.
 * @param what it is, for whoever reads why it is not used: "The password of the database"
 * @throws PatchError `CONFIG_INVALID` for a file that is missing, that others may read, or that has none
 */
export async function readSecretFile(files: Files, path: string, what: string): Promise<string> {
  const facts = await files.factsBehind(path);
  const refuse = (why: string): never => {
    throw new PatchError('CONFIG_INVALID', `${what} in ${path} is not used: ${why}.`);
  };
  if (facts?.kind !== 'file') return refuse('there is no such file');
  if (isOpenToOthers(path, facts))
    return refuse(
      `others may read it (mode ${facts.mode.toString(8).padStart(4, '0')}); make it 0600 (chmod 600 ${path}), and see that nobody took it`,
    );
  const line = (await files.readTextLimited(path, MAX_SECRET_BYTES))?.split(/\r?\n/, 1)[0] ?? '';
  return line === '' ? refuse('its first line is empty') : line;
}
