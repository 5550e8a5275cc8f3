import { dirname, join } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import { joinTokenId, joinTokenKey, parseJoinString } from '@linux-patch/pki';
import { type FileFacts, type Files, ownUid } from '@linux-patch/runtime';

/** Name under which systemd hands a join string to the service (systemd.exec(5), `LoadCredential=`). */
const CREDENTIAL = 'linux-patch-join';
/** A join string has about a hundred characters. */
const MAX_JOIN_FILE_BYTES = 4_096;

/** Where a join string may be, in the order in which they are looked at. */
export interface JoinPlaces {
  /** `enrollment.join_file` */
  readonly configured: string | undefined;
  /** The credential that systemd hands to the service. */
  readonly credential: string | undefined;
  /** Used when it is there. */
  readonly dropIn: string;
}

/** A join string that was read: whom it pins, and what shows that this host has it. */
export interface JoinCredential {
  /** The file, for messages. */
  readonly source: string;
  /** `sha256:` and 64 hexadecimal digits, of the CA's key. */
  readonly caFingerprint: string;
  readonly tokenId: string;
  /** Derived from the secret, which itself is forgotten at once. */
  readonly tokenKey: Uint8Array;
}

/** The places of this host. */
export function joinPlaces(options: {
  readonly configured: string | undefined;
  readonly dropIn: string;
  /** With the credentials of the service. */
  readonly credentialsFolder: string | undefined;
}): JoinPlaces {
  const { configured, dropIn, credentialsFolder: folder } = options;
  return { configured, credential: folder ? join(folder, CREDENTIAL) : undefined, dropIn };
}

/**
 * Reads the join string of this host; undefined when there is none. A configured file that is not there counts as none:
 * it may come later, and it may have been removed after it was used.
 *
 * @throws PatchError `JOIN_STRING_INVALID`, never with a part of the secret, when there is one that must not be used
 */
export async function readJoinString(files: Files, places: JoinPlaces): Promise<JoinCredential | undefined> {
  for (const path of [places.configured, places.credential, places.dropIn]) {
    const isCredential = path === places.credential;
    const text = path === undefined ? undefined : await readPrivate(files, path, isCredential);
    if (path === undefined || text === undefined) continue;
    const { caSpkiSha256, secret } = read(path, text);
    return {
      source: path,
      caFingerprint: `sha256:${Buffer.from(caSpkiSha256).toString('hex')}`,
      tokenId: joinTokenId(secret),
      tokenKey: joinTokenKey(secret),
    };
  }
  return undefined;
}

function read(path: string, text: string): ReturnType<typeof parseJoinString> {
  try {
    return parseJoinString(text);
  } catch (cause) {
    throw refused(path, messageOf(cause), cause);
  }
}

function refused(path: string, why: string, cause?: unknown): PatchError {
  return new PatchError('JOIN_STRING_INVALID', `The join string in ${path} was not used: ${why}`, { cause });
}

/** Bits of a mode that let others in. */
const OTHERS = 0o077;
/**
 * systemd puts it where nobody writes, and lets the user of the service read it: as its owner, or by an access list, which shows
 * where a mode has the group (acl(5)).
 */
const MORE_THAN_CREDENTIAL = 0o337;

/** The text of a file that only root or the user of this process can read and change. */
async function readPrivate(files: Files, path: string, isCredential: boolean): Promise<string | undefined> {
  try {
    const facts = await files.facts(path);
    if (!facts) return undefined;
    if (facts.kind !== 'file') throw refused(path, `it is a ${facts.kind}; a plain file is wanted.`);
    const isSealed = isCredential && (facts.mode & MORE_THAN_CREDENTIAL) === 0;
    if (!isSealed && (facts.mode & OTHERS) !== 0) {
      throw refused(
        path,
        `others can read it (mode ${facts.mode.toString(8).padStart(4, '0')}), so it is no secret. Make it private with "chmod 600 ${path}"; ` +
          'if somebody may have read it, revoke the token on the manager and make a new one.',
      );
    }
    if (!isSealed) await refuseForeignHands(files, path, facts);
    return await files.readTextLimited(path, MAX_JOIN_FILE_BYTES);
  } catch (cause) {
    if (cause instanceof PatchError) throw cause;
    throw refused(path, `it cannot be read (${messageOf(cause)}).`, cause);
  }
}

const STICKY = 0o1000;

/** Whoever can put another join string in place chooses the manager of this host. */
async function refuseForeignHands(files: Files, path: string, facts: FileFacts): Promise<void> {
  const owners = new Set([0, await ownUid(files)]);
  if (!owners.has(facts.uid)) {
    throw refused(
      path,
      `it belongs to user ${facts.uid}, who can put the join string of another manager in its place. If it is the one that you mean, ` +
        `give it to root with "chown root:root ${path}".`,
    );
  }
  const folder = dirname(path);
  // lstat(2) of a path that ends in `/.` follows links.
  const { uid, mode } = (await files.facts(`${folder}/.`)) ?? { uid: 0, mode: 0 };
  const replaceable = (mode & 0o022) !== 0 && (mode & STICKY) === 0;
  if (!replaceable && owners.has(uid)) return;
  throw refused(
    path,
    `others can replace it, because the folder ${folder} belongs to user ${uid} and has mode ${mode.toString(8).padStart(4, '0')}. ` +
      'Put it into a folder of root, such as /etc/linux_patch_api.',
  );
}
