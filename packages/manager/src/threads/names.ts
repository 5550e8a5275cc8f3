import { dirname, resolve } from 'node:path';

/** Reads the database; `threads/reader.ts`. */
export const READER_THREAD = 'reader';
/** Knows what every host has installed; `threads/sets.ts`. */
export const INDEX_THREAD = 'sets';

/**
 * The file of a program that runs in a thread of the manager: beside the manager's own where that was made for a package, else
 * that of the checkout.
 * @param script what Node was started with
 */
export function threadScript(script: string, name: string): string {
  const folder = dirname(script);
  if (script.endsWith('.ts')) return resolve(folder, 'threads', `${name}.ts`);
  return resolve(folder, `linux-patch-manager-${name}.cjs`);
}
