import { join } from 'node:path';
import { nodeThreads } from '@linux-patch/runtime/node';
import { threadScript } from '../src/threads/names.ts';

const main = join(import.meta.dirname, '../src/main.ts');

/** The threads of a manager from the checkout. */
export const managerThreads = nodeThreads((name) => threadScript(main, name));
