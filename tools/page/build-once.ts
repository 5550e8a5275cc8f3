import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPage } from '../../packages/lab/src/page.ts';

/** Before the first test: the page of this checkout, where all of them have it from. */
export async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'linux-patch-page-'));
  await buildPage(folder);
  process.env.TEST_PAGE_FOLDER = folder;
  return () => rm(folder, { recursive: true, force: true });
}
