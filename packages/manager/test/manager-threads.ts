import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nodeThreads } from '@linux-patch/runtime/node';
import { ownProgram } from '@linux-patch/runtime/testing';
import { threadScript } from '../src/threads/names.ts';

/** The manager in one script, where the run of the tests has made that. */
const made = `${ownProgram('linux-patch-manager')}.cjs`;
const main = existsSync(made) ? made : join(import.meta.dirname, '../src/main.ts');

/** The threads of a manager of this checkout. */
export const managerThreads = nodeThreads((name) => threadScript(main, name));
