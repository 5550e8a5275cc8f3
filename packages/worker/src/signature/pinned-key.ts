import { dirname } from 'node:path';
import { HostJobKey, PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { z } from 'zod';

const StoredPin = HostJobKey.extend({ format: z.literal(1) });

const LIMIT_BYTES = 4_096;
const NOTHING: HostJobKey = { pinned: null, by: null, foreign: null };

/** What root does about a file that cannot be read. */
const REPAIR =
  'Until that is mended this host changes nothing that others ask for. As root say which key counts, which writes the file anew: linux-patch-api trust-job-key SHA256:…';

/**
 * Which key signs the changes that this host does; read for each change, so that the word of root counts at once.
 * @throws PatchError `SERVICE_UNHEALTHY` for a file that cannot be read: then nothing is known, and nothing is allowed
 */
export async function readPinnedKey(files: Files, path: string): Promise<HostJobKey> {
  let text: string | undefined;
  try {
    text = await files.readTextLimited(path, LIMIT_BYTES);
    if (text === undefined) return NOTHING;
    const { format: _format, ...pin } = StoredPin.parse(JSON.parse(text));
    return pin;
  } catch (cause) {
    throw new PatchError(
      'SERVICE_UNHEALTHY',
      `${path} cannot be read, so it is not known whose changes this host takes. ${REPAIR}`,
      { cause },
    );
  }
}

/** Writes it down; it survives a power cut when this resolves. */
export async function writePinnedKey(files: Files, path: string, pin: HostJobKey): Promise<void> {
  await files.makeFolder(dirname(path), 0o755);
  await files.writeDurably({
    path,
    data: `${JSON.stringify({ format: 1, ...pin }, null, 2)}\n`,
    mode: 0o644,
  });
}
