import { Decrypter, Encrypter } from 'age-encryption';
import { createTarDecoder, createTarPacker, type ParsedTarEntry } from 'modern-tar';
import { unusable } from './manifest.ts';

/** Who can open an archive: the holders of keys of age(1), or whoever knows a passphrase. */
export type Lock = { readonly recipients: readonly string[] } | { readonly passphrase: string };
/** What opens one. */
export type Key = { readonly identities: readonly string[] } | { readonly passphrase: string };

/** One file of an archive. */
export interface ArchiveEntry {
  readonly path: string;
  readonly mode: number;
  readonly bytes: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** Whether this is the public key of somebody who has one of age(1). */
export function isRecipient(text: string): boolean {
  try {
    new Encrypter().addRecipient(text);
    return true;
  } catch {
    return false;
  }
}

type Pieces = ReadableStream<Uint8Array>;
type Packer = ReturnType<typeof createTarPacker>['controller'];

async function addAll(packer: Packer, entries: readonly ArchiveEntry[], madeAt: Date): Promise<void> {
  for (const { path, mode, bytes, pieces } of entries) {
    const body = packer
      .add({ name: path, size: bytes, mode, mtime: madeAt, uid: 0, gid: 0, type: 'file' })
      .getWriter();
    for await (const piece of pieces) await body.write(piece);
    await body.close();
  }
  packer.finalize();
}

/**
 * An archive as tar(5) inside age(1), piece by piece: `age -d FILE | tar -t` shows it with the tools of a machine.
 */
export async function sealArchive(
  entries: readonly ArchiveEntry[],
  lock: Lock,
  madeAt: Date,
): Promise<AsyncIterable<Uint8Array>> {
  const encrypter = new Encrypter();
  if ('passphrase' in lock) encrypter.setPassphrase(lock.passphrase);
  else for (const recipient of lock.recipients) encrypter.addRecipient(recipient);
  const { readable, controller } = createTarPacker();
  const sealed = await encrypter.encrypt(readable as Pieces);
  addAll(controller, entries, madeAt).catch((error: unknown) => controller.error(error));
  return sealed;
}

/**
 * Opens an archive, entry by entry; the body of one has to be read or cancelled before the next.
 * @throws PatchError `BACKUP_UNUSABLE` when the key does not open it; what is damaged throws while it is read
 */
export async function openArchive(
  sealed: AsyncIterable<Uint8Array>,
  key: Key,
): Promise<AsyncIterable<ParsedTarEntry>> {
  const decrypter = new Decrypter();
  if ('passphrase' in key) decrypter.addPassphrase(key.passphrase);
  else for (const identity of key.identities) decrypter.addIdentity(identity);
  let opened: Pieces;
  try {
    opened = await decrypter.decrypt(ReadableStream.from(sealed) as Pieces);
  } catch (error) {
    throw unusable('This key or passphrase does not open the file, or the file is no archive of age.', error);
  }
  return opened.pipeThrough(createTarDecoder({ strict: true }));
}
