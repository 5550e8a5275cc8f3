import { join } from 'node:path';
import type { Clock, Commands, Files } from '@linux-patch/runtime';

/** What the parts of the apt adapter work with. */
export interface AptContext {
  readonly commands: Commands;
  readonly files: Files;
  readonly clock: Clock;
  /** `/`, or the private root that apt's environment points to. */
  readonly root: string;
}

/** Files of apt and dpkg below the root. */
export function aptPath(context: Pick<AptContext, 'root'>, path: string): string {
  return join(context.root, path);
}

/** Reading commands answer within this time or something is badly wrong. */
export const READ_TIMEOUT_MS = 60_000;
