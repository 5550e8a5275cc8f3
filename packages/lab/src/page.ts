import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from './checkout.ts';
import { must, runProgram } from './process.ts';

/** Builds the manager's page to where a manager under `root` finds it when it starts, as its package would bring it. */
export async function installPage(root: string): Promise<void> {
  const folder = join(root, 'usr/lib/linux-patch-manager/page');
  await mkdir(folder, { recursive: true });
  const build = join(REPOSITORY, 'packages/web/build.ts');
  must(await runProgram(process.execPath, [build, folder]), 'building the page');
}
