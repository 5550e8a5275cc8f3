import { join } from 'node:path';

/** The repository's own folder. */
export const REPOSITORY = join(import.meta.dirname, '../../..');

/** Start scripts of the two programs. */
export const AGENT_PROGRAM = join(REPOSITORY, 'bin/linux-patch-api');
export const MANAGER_PROGRAM = join(REPOSITORY, 'bin/linux-patch-manager');
