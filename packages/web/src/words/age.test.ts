import { expect, it } from 'vitest';
import { ageOf } from './age.ts';

const DAY_MS = 86_400_000;

it.each([
  [-1, 'now'],
  [999, 'now'],
  [12_000, '12 s'],
  [3_599_999, '59 min'],
  [3_600_000, '1 h'],
  [DAY_MS - 1, '23 h'],
  [729 * DAY_MS, '729 d'],
  [731 * DAY_MS, '2 years'],
  [1_094 * DAY_MS, '3 years'],
  [3_284 * DAY_MS, '9 years'],
])('says of %i ms that they are %s', (ms, words) => {
  expect(ageOf(0, ms)).toBe(words);
});
