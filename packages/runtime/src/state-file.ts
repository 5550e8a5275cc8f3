import { dirname } from 'node:path';
import type { Files } from './files.ts';

/** More than what a program notes of itself has. */
const LIMIT_BYTES = 64 * 1024;

/**
 * What a program kept for its next start, as JSON of this form; undefined when it kept nothing.
 * @throws what is wrong with the file: it cannot be read, is larger than the limit, or not of the form
 */
export async function readState<T>(
  files: Pick<Files, 'readTextLimited'>,
  path: string,
  form: { parse(value: unknown): T },
  limitBytes = LIMIT_BYTES,
): Promise<T | undefined> {
  const text = await files.readTextLimited(path, limitBytes);
  return text === undefined ? undefined : form.parse(JSON.parse(text));
}

/** Keeps it; it survives a power cut when this resolves. @throws the system's error */
export async function writeState(
  files: Pick<Files, 'makeFolder' | 'writeDurably'>,
  path: string,
  state: object,
  modes: { readonly file: number; readonly folder: number } = { file: 0o600, folder: 0o755 },
): Promise<void> {
  await files.makeFolder(dirname(path), modes.folder);
  await files.writeDurably({ path, data: `${JSON.stringify(state, null, 2)}\n`, mode: modes.file });
}
