import { join } from 'node:path';
import type { PinPlace } from '../signature/pinned-key.ts';
import { workerFolder } from './orders.ts';

/** Where the pinned key of a root is written down. */
export function pinPlace(root: string): PinPlace {
  return {
    file: join(root, 'etc/linux_patch_api/job-key.json'),
    mark: join(workerFolder(root), 'job-key-pinned'),
  };
}
