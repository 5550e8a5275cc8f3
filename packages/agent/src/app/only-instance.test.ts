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
  const context = {
    place: { files: systemFiles, clock: new ManualClock(0) },
    report: { logger: memoryLogger() },
    settings: { paths: agentPaths(folder.path) },
    time: { signal: new AbortController().signal },
  };
  const other = await tryExclusive(context, 'identity');
  if (!('lock' in other)) throw new Error('the lock is free');
  const waiting = waitForIdentity(context, {
    onWait: () => void other.lock[Symbol.asyncDispose](),
    done: async () => gotIt,
  });
  expect((await waiting) === undefined).toBe(gotIt);
});
