import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, test } from 'vitest';
import { agentPaths } from '../config/paths.ts';
import { tryExclusive, waitForIdentity } from './only-instance.ts';

test.each([
  ['who has an identity now makes no request of its own', true],
  ['who stopped without an identity is followed', false],
])('%s', async (_what, gotIt) => {
  await using folder = await temporaryFolder();
  const clock = new ManualClock(0);
  const context = {
    files: systemFiles,
    clock,
    logger: memoryLogger(),
    paths: agentPaths(folder.path),
    signal: new AbortController().signal,
  };
  const other = await tryExclusive(context, 'identity');
  if (!('held' in other)) throw new Error('the lock is free');
  let looks = 0;
  const waiting = waitForIdentity(context, {
    onWait: () => {},
    // The other one ends after this look.
    done: async () => {
      looks += 1;
      if (looks > 1) return gotIt;
      await other.held[Symbol.asyncDispose]();
      return false;
    },
  });
  await clock.waitForSleepers();
  await clock.advance(500);
  expect((await waiting) === undefined).toBe(gotIt);
});
