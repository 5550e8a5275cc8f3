import { resolve } from 'node:path';
import { nodeThreads } from '@linux-patch/runtime/node';
import type { OpenDatabase } from '../../../manager/src/database/open.ts';
import type { ReadDatabase } from '../../../manager/src/database/reader-threads/open-reads.ts';
import { threadScript } from '../../../manager/src/threads/names.ts';

/** The threads of a manager that runs from this checkout. */
export const BENCH_THREADS = nodeThreads((name) =>
  threadScript(resolve(import.meta.dirname, '../../../manager/src/main.ts'), name),
);

/** An open database of a kind. */
export interface Records extends AsyncDisposable {
  readonly name: string;
  readonly db: OpenDatabase['db'];
  readonly reads: ReadDatabase['reads'];
}

/** Milliseconds since then. */
export function msSince(fromMs: number): number {
  return performance.now() - fromMs;
}
