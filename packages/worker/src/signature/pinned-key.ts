import { dirname } from 'node:path';
import { HostJobKey, PatchError } from '@linux-patch/contract';
import { type Files, findOpenPlace } from '@linux-patch/runtime';
import { z } from 'zod';

/** Where it is written down. */
export interface PinPlace {
  /** Root's, and for people to read. */
  readonly file: string;
  /** Exists while a key is pinned, in another folder than the file: a file that vanishes says nothing by that. */
  readonly mark: string;
}

const StoredPin = HostJobKey.extend({ format: z.literal(1) });

const LIMIT_BYTES = 4_096;
const NOTHING: HostJobKey = { pinned: null, by: null, foreign: null };

/** What root does about a file that is not to be believed. */
const REPAIR =
  'Until that is mended this host changes nothing that others ask for. As root say which key counts, which writes the file anew: linux-patch-api trust-job-key SHA256:…';

/**
 * Which key signs the changes that this host does; read for each change, so that the word of root counts at once.
 * @throws PatchError `SERVICE_UNHEALTHY` for a file that cannot be read, that others than root can change, or that is gone
 *   although a key was pinned: then nothing is known, and nothing is allowed
 */
export async function readPinnedKey(files: Files, { file, mark }: PinPlace): Promise<HostJobKey> {
  try {
    const [open] = await findOpenPlace({ files, path: file });
    if (open !== undefined) throw unknownKey(open);
    const text = await files.readTextLimited(file, LIMIT_BYTES);
    if (text === undefined) {
      if (await files.facts(mark)) throw unknownKey(`${file} is gone, and it named a key`);
      return NOTHING;
    }
    const { format: _format, ...pin } = StoredPin.parse(JSON.parse(text));
    return pin;
  } catch (cause) {
    if (cause instanceof PatchError) throw cause;
    throw unknownKey(`${file} cannot be read`, cause);
  }
}

function unknownKey(what: string, cause?: unknown): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    `${what}, so it is not known whose changes this host takes. ${REPAIR}`,
    { cause },
  );
}

/** Judges and changes what is pinned; others who do that the same way, in this process or another, wait meanwhile. */
export async function changePinnedKey<T>(
  files: Files,
  { mark }: PinPlace,
  change: () => Promise<T>,
): Promise<T> {
  await files.makeFolder(dirname(mark), 0o700);
  await using _lock = await files.lock(`${mark}.lock`, { note: '', wait: new AbortController().signal });
  return await change();
}

/** Writes it down; it survives a power cut when this resolves. */
export async function writePinnedKey(files: Files, { file, mark }: PinPlace, pin: HostJobKey): Promise<void> {
  await files.makeFolder(dirname(file), 0o755);
  await files.writeDurably({
    path: file,
    data: `${JSON.stringify({ format: 1, ...pin }, null, 2)}\n`,
    mode: 0o644,
  });
  await markPinnedKey(files, mark, pin);
}

/** Writes down that a key is pinned, or none: also what a power cut left open right after the pin was written. */
export async function markPinnedKey(files: Files, mark: string, { pinned }: HostJobKey): Promise<void> {
  if (pinned === null) return files.remove(mark);
  if (await files.facts(mark)) return;
  // A folder is there or not, and a crash leaves nothing half made of it.
  await files.makeFolder(mark, 0o700);
  await files.syncFolder(dirname(mark));
}

/** Forgets it, as a host that belongs to no manager any more. */
export async function forgetPinnedKey(files: Files, { file, mark }: PinPlace): Promise<void> {
  await files.remove(mark);
  await files.remove(file);
}
