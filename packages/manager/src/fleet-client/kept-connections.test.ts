import { expect, it } from 'vitest';
import { idleTimeMs } from './kept-connections.ts';

it.each([
  [undefined, 0],
  ['max=3', 0],
  ['timeout=1', 0],
  ['timeout=30', 28_000],
  ['timeout=30, max=5', 28_000],
  ['timeout=999999', 60_000],
  ['timeout=99999999999999', 0],
  ['timeout=-1', 0],
])('a connection whose host says %s is kept for %d ms', (header, ms) => {
  expect(idleTimeMs(header)).toBe(ms);
});
