import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import { isTimeZone } from './schema.ts';

const MOST_BYTES = 256;

/**
 * The time zone of the host as it is now: what /etc/localtime points to (localtime(5)); where that is absent /etc/timezone,
 * and UTC without both. Undefined when it cannot be told, as with a copied /etc/localtime or a link to a file elsewhere.
 */
export async function readTimeZone(files: Files, root: string): Promise<string | undefined> {
  const localtime = join(root, 'etc/localtime');
  const target = await files.readLink(localtime);
  const linked = target
    ?.split('/zoneinfo/')
    .at(-1)
    ?.replace(/^(?:posix|right)\//, '');
  if (target?.includes('/zoneinfo/') && linked !== undefined && isTimeZone(linked)) return linked;
  // The clock on the wall goes by that file; what /etc/timezone says beside it may be of another day.
  if (await files.facts(localtime)) return undefined;
  const named = (await files.readTextLimited(join(root, 'etc/timezone'), MOST_BYTES))?.trim();
  if (named === undefined) return 'UTC';
  return isTimeZone(named) ? named : undefined;
}
