import { expect, test } from 'vitest';
import { renewedFault } from './renewed-fault.ts';

const DAY_MS = 86_400_000;
const NOW = 300 * DAY_MS;
const CURRENT = { notBeforeMs: 0, notAfterMs: 365 * DAY_MS };
const until = (notAfterMs: number) => ({ notBeforeMs: NOW, notAfterMs });

test('a certificate that lives longer than the current one is a renewal', () => {
  expect(renewedFault(CURRENT, until(NOW + 365 * DAY_MS), NOW)).toBeUndefined();
});

test.each([
  ['expired already', NOW - 1, 'it expired'],
  ['ends before the current one', 364 * DAY_MS, 'no later than'],
  ['ends with the current one', 365 * DAY_MS, 'no later than'],
])('one that %s is none', (_what, notAfterMs, reason) => {
  expect(renewedFault(CURRENT, until(notAfterMs), NOW)).toContain(reason);
});

test('one for a few minutes is none, though the current one has expired', () => {
  const late = 366 * DAY_MS;
  expect(renewedFault(CURRENT, until(late + 60_000), late)).toContain('in a few minutes');
});
