import { dirname } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { Clock, Files } from '@linux-patch/runtime';
import {
  addToYamlList,
  readConfigurationText,
  rewriteConfiguration,
} from '@linux-patch/runtime/configuration';
import { entryText, readEntry } from './entry.ts';
import { exclusively } from './exclusive.ts';
import { findEntries } from './parse.ts';

const HEADER = `# Who may open a connection to linux-patch-api: addresses, CIDR ranges and host names.
# Everybody else is closed before TLS. Changes are noticed by themselves.
`;

/** Not for others: the list tells where the managers are. */
const NEW_FILE_MODE = 0o640;

/**
 * Adds an address, range or host name to `whitelist.yaml` unless an entry means the same already. Comments, order, mode,
 * owner and links are kept, the change is durable, a missing file is made, and callers at the same time lose nothing of
 * one another.
 * @returns whether the file changed.
 * @throws PatchError `CONFIG_INVALID` when the entry or the file is not valid (nothing is written then); Node's error when
 * it cannot be written.
 */
export async function addAllowListEntry(options: {
  readonly files: Files;
  readonly clock: Clock;
  readonly path: string;
  readonly entry: string;
  /** Ends the wait for another writer, which is 30 s at most. */
  readonly signal?: AbortSignal;
}): Promise<boolean> {
  const { files, path } = options;
  const read = readEntry(options.entry.trim());
  if (typeof read === 'string') {
    throw new PatchError('CONFIG_INVALID', `The entry ${JSON.stringify(options.entry)} for ${path} ${read}.`);
  }
  const entry = entryText(read);
  const edit = (text: string): string => {
    const known = findEntries(text, path) ?? [];
    return known.some((one) => entryText(one) === entry) ? text : addToYamlList(text, ['entries'], entry);
  };
  await files.makeFolder(dirname(path), 0o755);
  return exclusively(options, async () => {
    if ((await readConfigurationText(files, path)) !== undefined) {
      return rewriteConfiguration({ files, path, edit });
    }
    const data = addToYamlList(HEADER, ['entries'], entry);
    await files.writeDurably({ path, data, mode: NEW_FILE_MODE });
    return true;
  });
}
