import { dirname } from 'node:path';
import type { Files } from '@linux-patch/runtime';

/**
 * When a list came to where it is, or was touched because it is still the newest, whoever refreshed it; undefined where it
 * is not. Its own time is often the server's (`Last-Modified`), so what counts is when the inode changed. That changes as
 * well when a backup or an image is unpacked, which keeps the times of the list and its folder: it came no later than the
 * later of these. In whole milliseconds, as the clock is read: the inode has parts of them, and no list comes later than now.
 */
export async function fetchedAt(
  files: Pick<Files, 'facts' | 'factsBehind'>,
  path: string,
): Promise<number | undefined> {
  const [own, folder] = await Promise.all([files.facts(path), files.factsBehind(dirname(path))]);
  if (!own || !folder) return undefined;
  return Math.floor(Math.min(own.changedMs, Math.max(own.modifiedMs, folder.modifiedMs)));
}
