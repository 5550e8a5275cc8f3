import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from './checkout.ts';
import { must, runProgram } from './process.ts';

/** Builds the manager's page of this checkout into a folder. */
export async function buildPage(folder: string): Promise<void> {
  const build = join(REPOSITORY, 'packages/web/build.ts');
  must(await runProgram(process.execPath, [build, folder]), 'building the page');
}

/**
 * Puts the manager's page where a manager under `root` finds it when it starts, as its package would bring it. A run of tests
 * has built it once for all of them.
 */
export async function installPage(root: string): Promise<void> {
  const folder = join(root, 'usr/lib/linux-patch-manager/page');
  await mkdir(folder, { recursive: true });
  const { TEST_PAGE_FOLDER: built } = process.env;
  if (built === undefined) await buildPage(folder);
  else await cp(built, folder, { recursive: true });
}
