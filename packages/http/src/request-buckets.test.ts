import { ManualClock } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { createRequestBuckets } from './request-buckets.ts';

it('lets a whole minute’s worth through at once, and one more whenever its time has come', async () => {
  const clock = new ManualClock(0);
  const buckets = createRequestBuckets(clock, 10);
  expect([1, 2, 3].map(() => buckets.take('a', 2))).toEqual([0, 0, 30]);
  await clock.advance(15_000);
  expect(buckets.take('a', 2)).toBe(15);
  expect(buckets.take('b', 2)).toBe(0);
  // Asking too early costs nothing of what has been earned.
  await clock.advance(15_000);
  expect([buckets.take('a', 2), buckets.take('a', 2)]).toEqual([0, 30]);
});

it('remembers a bounded number of callers, and forgets the one longest unheard of', () => {
  const buckets = createRequestBuckets(new ManualClock(0), 2);
  for (const caller of ['a', 'b', 'a']) buckets.take(caller, 1);
  buckets.take('c', 1);
  expect(buckets.take('a', 1)).toBe(60);
  expect(buckets.take('b', 1)).toBe(0);
});
