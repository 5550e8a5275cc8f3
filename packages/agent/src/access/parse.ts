import { configurationError, parseConfiguration } from '@linux-patch/runtime/configuration';
import { z } from 'zod';
import { type AllowListEntry, entryText, readEntry } from './entry.ts';

function isSkipped(text: string): boolean {
  return text === '' || text.startsWith('#');
}

const entry = z
  .string()
  .trim()
  .transform((text, context): AllowListEntry | undefined => {
    if (isSkipped(text)) return undefined;
    const read = readEntry(text);
    if (typeof read !== 'string') return read;
    context.addIssue({ code: 'custom', message: read });
    return z.NEVER;
  });

const AllowListSchema = z.strictObject({ entries: z.array(entry).optional() });

/**
 * Reads `whitelist.yaml`: `entries:`, a list of IPv4 and IPv6 addresses, CIDR ranges and host names. Blank entries and
 * entries that start with `#` are skipped, repeated ones count once. An empty list is fine and allows nobody; a file
 * without `entries:` is a fault, because it may be half written or another file altogether.
 * @throws PatchError `CONFIG_INVALID` with every fault, one `FILE:LINE:COL entries.N: message` each.
 */
export function parseAllowList(text: string, file: string): readonly AllowListEntry[] {
  const list = parseConfiguration(AllowListSchema, text, file);
  if (!('entries' in list)) {
    const message = 'is required; a list that allows nobody is "entries: []"';
    throw configurationError([{ file, line: 1, column: 1, path: 'entries', message }]);
  }
  const kept = (list.entries ?? []).filter((one) => one !== undefined);
  return [...new Map(kept.map((one) => [entryText(one), one])).values()];
}
