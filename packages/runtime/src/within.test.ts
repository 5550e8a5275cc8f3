import { expect, it } from 'vitest';
import { ManualClock } from './testing/index.ts';
import { within } from './within.ts';

it('waits for work no longer than its limit', async () => {
  const clock = new ManualClock();
  expect(await within(clock, 1_000, Promise.resolve('done'))).toBe('done');
  const { promise, resolve } = Promise.withResolvers<string>();
  const waited = within(clock, 1_000, promise);
  await clock.advance(1_000);
  expect(await waited).toBeUndefined();
  resolve('later');
  await expect(within(clock, 1_000, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
});
