import { join } from 'node:path';
import { isPatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import type { ParsedTarEntry } from 'modern-tar';
import { type Key, openArchive } from './archive.ts';
import {
  type BackupManifest,
  type KeptFile,
  MANIFEST,
  MAX_MANIFEST_BYTES,
  parseManifest,
  unusable,
} from './manifest.ts';
import { measured, readPieces } from './pieces.ts';

export interface ReadArchiveOptions {
  readonly files: Files;
  readonly from: string;
  readonly key: Key;
  /** Folder of nobody but root, into which everything is unpacked by number. */
  readonly staging: string;
  readonly signal: AbortSignal;
}

/** A file of an archive and where it was unpacked. */
export interface UnpackedFile extends KeptFile {
  readonly at: string;
}

async function readManifest(entry: ParsedTarEntry): Promise<BackupManifest> {
  const { name, size } = entry.header;
  if (name !== MANIFEST || size > MAX_MANIFEST_BYTES) {
    throw unusable(`The archive is not a backup of a manager: it does not begin with ${MANIFEST}.`);
  }
  return parseManifest(await new Response(entry.body).text());
}

async function unpack(
  options: ReadArchiveOptions,
  entry: ParsedTarEntry,
  wanted: KeptFile | undefined,
  number: number,
) {
  const { name, size } = entry.header;
  if (wanted?.path !== name || wanted.bytes !== size) {
    throw unusable(
      `The archive is damaged: ${MANIFEST} names ${wanted?.path ?? 'nothing'} where it holds ${name}.`,
    );
  }
  const at = join(options.staging, String(number));
  const { pieces, facts } = measured(entry.body);
  await options.files.writeDurably({ path: at, data: pieces, mode: 0o600 });
  if (facts().sha256 !== wanted.sha256) throw unusable(`The archive is damaged: ${name} is not what it was.`);
  return { ...wanted, at };
}

/** Unpacks everything and compares it with the manifest; what belongs where is for the caller to judge. */
async function unpackAll(options: ReadArchiveOptions) {
  const { files, from, key, signal } = options;
  let manifest: BackupManifest | undefined;
  const unpacked: UnpackedFile[] = [];
  for await (const entry of await openArchive(readPieces(files, from, signal), key)) {
    if (!manifest) manifest = await readManifest(entry);
    else unpacked.push(await unpack(options, entry, manifest.files[unpacked.length], unpacked.length));
  }
  if (!manifest || unpacked.length < manifest.files.length) throw unusable(`${from} ends too early.`);
  return { manifest, unpacked };
}

/**
 * Unpacks an archive into the staging folder, whole and as it was made, or says what is wrong.
 * @throws PatchError `BACKUP_UNUSABLE`; Node's ENOSPC and the like as they are
 */
export async function readArchive(options: ReadArchiveOptions) {
  try {
    return await unpackAll(options);
  } catch (error) {
    if (isPatchError(error) || options.signal.aborted || (error as NodeJS.ErrnoException).syscall)
      throw error;
    throw unusable(`${options.from} is damaged: ${String(error)}.`, error);
  }
}
