import { expect, it } from 'vitest';
import { inParallel } from './in-parallel.ts';

it('does the work for every item, never more at a time than wanted', async () => {
  const done: number[] = [];
  let now = 0;
  let most = 0;
  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    now--;
    done.push(item);
  });
  expect([done.toSorted((a, b) => a - b), most]).toEqual([[1, 2, 3, 4, 5], 2]);
});

it('begins nothing more after a failure, and fails when what was under way has ended', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const slow = Promise.withResolvers<void>();
  const all = inParallel([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 2) {
      setImmediate(slow.resolve);
      throw new Error('refused');
    }
    await slow.promise;
    ended.push(item);
  });
  await expect(all).rejects.toThrow('refused');
  expect([begun, ended]).toEqual([[1, 2], [1]]);
});
