import { PatchError } from '@linux-patch/contract';
import type { Clock, Files } from '@linux-patch/runtime';
import type { ManagerPaths } from '../config/paths.ts';
import { holdsAuthority, lostAuthority } from './key-files.ts';

type Places = Pick<ManagerPaths, 'caFolder' | 'database' | 'served'>;

/** Whether this machine has an authority, never had one, or lost the one that its hosts believe. */
export type AuthorityPresence = 'there' | 'never' | 'lost';

export async function authorityPresence(files: Files, places: Places): Promise<AuthorityPresence> {
  if (await holdsAuthority(files, places.caFolder)) return 'there';
  if (await files.facts(places.served)) return 'lost';
  // Of a manager that served before that was noted; `init` makes an empty one.
  return ((await files.facts(places.database))?.sizeBytes ?? 0) > 0 ? 'lost' : 'never';
}

/** Takes note that hosts may believe the authority from now on, so that its loss is never taken for a machine without one. */
export async function noteServed(files: Files, clock: Clock, { served }: Places): Promise<void> {
  if (await files.facts(served)) return;
  const data = `${JSON.stringify({ since: new Date(clock.now()).toISOString() })}\n`;
  await files.writeDurably({ path: served, data, mode: 0o600 });
}

/** What is said of an authority of which nothing is left. */
export function everythingLost(caFolder: string): PatchError {
  return lostAuthority(
    caFolder,
    `A manager has served on this machine, and its certificate authority is gone: there is nothing in ${caFolder}`,
  );
}

/** @throws PatchError `NOT_INITIALIZED` with what to do */
export async function requireAuthority(files: Files, places: Places): Promise<void> {
  const presence = await authorityPresence(files, places);
  if (presence === 'there') return;
  if (presence === 'lost') throw everythingLost(places.caFolder);
  throw new PatchError(
    'NOT_INITIALIZED',
    `This manager has no certificate authority yet: there is nothing in ${places.caFolder}. Run 'linux-patch-manager init', then start it.`,
  );
}
