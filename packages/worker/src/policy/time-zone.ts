import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import { isTimeZone } from './schema.ts';

const MOST_BYTES = 256;

/**
 * The time zone of the host as it is now: what /etc/localtime points to (localtime(5)), else /etc/timezone, else UTC where
 * neither is there. Undefined when it cannot be told, as with a copied /etc/localtime.
 */
export async function readTimeZone(files: Files, root: string): Promise<string | undefined> {
  const localtime = join(root, 'etc/localtime');
  const target = await files.readLink(localtime);
  const linked = target
    ?.split('/zoneinfo/')
    .at(-1)
    ?.replace(/^(?:posix|right)\//, '');
  if (target?.includes('/zoneinfo/') && linked !== undefined && isTimeZone(linked)) return linked;
  const named = (await files.readTextLimited(join(root, 'etc/timezone'), MOST_BYTES))?.trim();
  if (named !== undefined && isTimeZone(named)) return named;
  return target === undefined && named === undefined && !(await files.facts(localtime)) ? 'UTC' : undefined;
}
