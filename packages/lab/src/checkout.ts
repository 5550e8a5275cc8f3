import { join } from 'node:path';
import { ownProgram } from '@linux-patch/runtime/testing';

/** The repository's own folder. */
export const REPOSITORY = join(import.meta.dirname, '../../..');

/** What starts the two programs. */
export const AGENT_PROGRAM = ownProgram('linux-patch-api');
export const MANAGER_PROGRAM = ownProgram('linux-patch-manager');
