import { dirname } from 'node:path';
import { HostJobKey, JobKeyFingerprint, lazily, PatchError } from '@linux-patch/contract';
import { type Files, findOpenPlace } from '@linux-patch/runtime';
import { z } from 'zod';

/** Where it is written down. */
export interface PinPlace {
  /** Root's, and for people to read. */
  readonly file: string;
  /** Exists while a key is pinned, in another folder than the file: a file that vanishes says nothing by that. */
  readonly mark: string;
}

/** So many keys that counted here before are remembered. */
const MAX_REPLACED = 16;

const StoredPin = lazily(() =>
  HostJobKey.unwrap().extend({
    format: z.literal(1),
    /** Absent from what earlier versions wrote. */
    replaced: z.array(JobKeyFingerprint).max(MAX_REPLACED).default([]),
    refused: JobKeyFingerprint.nullable().default(null),
    next: JobKeyFingerprint.nullable().default(null),
  }),
);

/** What is pinned, and what was. */
export interface Pin extends HostJobKey {
  /** Keys that counted on this host before, the oldest first: whoever has an old copy of the manager has one. */
  readonly replaced: readonly string[];
  /** The one of them that was offered last, so that it is told once. */
  readonly refused: string | null;
  /** The one of the manager that root is joining: it counts once it is offered. */
  readonly next: string | null;
}

const LIMIT_BYTES = 4_096;
export const NOTHING_PINNED: Pin = {
  pinned: null,
  by: null,
  foreign: null,
  replaced: [],
  refused: null,
  next: null,
};

/** What root does about a file that is not to be believed. */
const REPAIR =
  'Until that is mended this host changes nothing that others ask for. As root say which key counts, which writes the file anew: linux-patch-api trust-job-key SHA256:…';

/**
 * Which key signs the changes that this host does; read for each change, so that the word of root counts at once.
 * @throws PatchError `SERVICE_UNHEALTHY` for a file that cannot be read, that others than root can change, or that is gone
 *   although a key was pinned: then nothing is known, and nothing is allowed
 */
export async function readPin(files: Files, { file, mark }: PinPlace): Promise<Pin> {
  try {
    const [open] = await findOpenPlace({ files, path: file });
    if (open !== undefined) throw unknownKey(open);
    const text = await files.readTextLimited(file, LIMIT_BYTES);
    if (text === undefined) {
      if (await files.facts(mark)) throw unknownKey(`${file} is gone, and it named a key`);
      return NOTHING_PINNED;
    }
    const { format: _format, ...pin } = StoredPin.parse(JSON.parse(text));
    const isReplaced = pin.foreign !== null && pin.replaced.includes(pin.foreign);
    return isReplaced ? { ...pin, foreign: null } : pin;
  } catch (cause) {
    if (cause instanceof PatchError) throw cause;
    throw unknownKey(`${file} cannot be read`, cause);
  }
}

/** The same, and sees to it that a key that counts is missed when its file vanishes. @throws PatchError as `readPin` */
export async function readMarkedPin(files: Files, place: PinPlace): Promise<Pin> {
  const pin = await readPin(files, place);
  if (pin.pinned === null || (await files.facts(place.mark))) return pin;
  await changePinnedKey(files, place, async () => {
    await markPinnedKey(files, place, await readPin(files, place));
  }).catch(() => {});
  return pin;
}

/** The same without the past, as it is shown. @throws PatchError as `readPin` */
export async function readPinnedKey(files: Files, place: PinPlace): Promise<HostJobKey> {
  const { pinned, by, foreign } = await readPin(files, place);
  return { pinned, by, foreign };
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

/** The keys before it, with the one that it takes the place of. */
function replacedBy(before: Pin | undefined, pinned: string | null): string[] {
  const former = [...(before?.replaced ?? []), ...(before?.pinned ? [before.pinned] : [])];
  return [...new Set(former.filter((one) => one !== pinned).toReversed())].toReversed().slice(-MAX_REPLACED);
}

/**
 * Writes it down; it survives a power cut when this resolves. The key whose place it takes is remembered.
 */
export async function writePinnedKey(
  files: Files,
  place: PinPlace,
  { pinned, by, foreign }: HostJobKey,
  { refused = null, next = null }: Partial<Pick<Pin, 'refused' | 'next'>> = {},
): Promise<void> {
  const { file } = place;
  const before = await readPin(files, place).catch(() => undefined);
  const replaced = replacedBy(before, pinned);
  const stored = { format: 1, pinned, by, foreign, replaced, refused, next } as const;
  await files.makeFolder(dirname(file), 0o755);
  await files.writeDurably({
    path: file,
    data: `${JSON.stringify(stored satisfies z.input<typeof StoredPin>, null, 2)}\n`,
    mode: 0o644,
  });
  await markPinnedKey(files, place, stored);
}

/** Writes down that a key is pinned, or none: also what a power cut left open right after the pin was written. */
async function markPinnedKey(files: Files, { mark }: PinPlace, { pinned }: HostJobKey): Promise<void> {
  if (pinned === null) await files.remove(mark);
  else if (!(await files.facts(mark))) {
    // A folder is there or not, and a crash leaves nothing half made of it.
    await files.makeFolder(dirname(mark), 0o700);
    await files.makeFolder(mark, 0o700);
    await files.syncFolder(dirname(mark));
  }
}

/** Forgets it, as a host that belongs to no manager any more. */
export async function forgetPinnedKey(files: Files, place: PinPlace): Promise<void> {
  await markPinnedKey(files, place, { pinned: null, by: null, foreign: null });
  await files.remove(place.file);
}
