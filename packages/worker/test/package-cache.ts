import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { onTestFinished } from 'vitest';
import { openPackageCache } from '../src/lists/cache-state.ts';
import type { SourceState } from '../src/package-interface/package-inventory.ts';

/** A source of packages that says nothing of its dates. */
export const SOURCE: SourceState = {
  id: 'http://d.example b',
  uri: 'http://d.example/dists/b/',
  label: 'Debian',
  suite: 'stable',
  codename: 'b',
  security: false,
  present: true,
  publishedAtMs: undefined,
  servedAtMs: undefined,
  fetchedAtMs: undefined,
  validUntilMs: undefined,
};

/** What is known of the lists, in a folder that goes with the test, under a clock that the test moves. */
export async function testCache() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const shared = {
    files: systemFiles,
    clock: new ManualClock(),
    random: systemRandom,
    logger: memoryLogger(),
  };
  const cache = await openPackageCache({ ...shared, path: `${folder.path}/state/cache.json` });
  return { folder: folder.path, shared, cache };
}
