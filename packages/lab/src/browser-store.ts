import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { must, runProgram } from './process.ts';

export const CERTUTIL = 'certutil';
const NAME = 'Linux Patch';

/**
 * Puts a CA into the store of a browser (certutil(1)), as an administrator would, in the place of the one of an earlier run.
 * @param caFile PEM
 */
export async function trustInBrowser(store: string, caFile: string): Promise<void> {
  await mkdir(store, { recursive: true, mode: 0o700 });
  const nss = (...args: readonly string[]) => runProgram(CERTUTIL, ['-d', `sql:${store}`, ...args]);
  // Asked to make a store where there is one it wants the password of that, and without a terminal asks on and on.
  if (!existsSync(join(store, 'cert9.db')))
    must(await nss('-N', '--empty-password'), 'making the certificate store of the browser');
  // Fails where there is none.
  else await nss('-D', '-n', NAME);
  must(await nss('-A', '-n', NAME, '-t', 'C,,', '-i', caFile), 'the certificate store of the browser');
}
