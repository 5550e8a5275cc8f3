import { expect, it } from 'vitest';
import { restAfter } from './wait.ts';

it.each([
  ['an answer that costs nothing is asked for again at once', 1, 50],
  ['one that costs the start of a program, for a third of the time', 500, 1_000],
  ['one on a machine that is very busy, after three seconds', 9_000, 3_000],
])('%s', (_what, tookMs, restMs) => {
  expect(restAfter(tookMs, 50)).toBe(restMs);
});
