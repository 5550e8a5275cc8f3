import type { Files } from '@linux-patch/runtime';

/** A number and a line end. */
const LIMIT_BYTES = 64;

/**
 * The process whose id stands in a lock file (libzypp). None when the file is empty, and when that process is gone, or
 * has ended and is only counted still: libzypp takes neither for a holder.
 */
export async function findWrittenHolder(
  files: Pick<Files, 'readText' | 'readTextLimited'>,
  path: string,
): Promise<number[]> {
  const text = await files.readTextLimited(path, LIMIT_BYTES).catch(() => undefined);
  const [, digits] = /^\s*(\d{1,10})\s*$/.exec(text ?? '') ?? [];
  if (digits === undefined) return [];
  const words = await files.readText(`/proc/${digits}/cmdline`).catch(() => undefined);
  return words ? [Number(digits)] : [];
}
