import { expect, test } from 'vitest';
import { isRenewalDue, renewalPoint } from './renewal-policy.ts';

const DAY_MS = 86_400_000;
const YEAR = { notBeforeMs: 0, notAfterMs: 365 * DAY_MS, thresholdDays: 7 };

test('renewal falls between 60 and 80 percent of the lifetime, spread by the draw', () => {
  expect(renewalPoint({ ...YEAR, draw: 0 })).toBe(219 * DAY_MS);
  expect(renewalPoint({ ...YEAR, draw: 0.5 })).toBe(255.5 * DAY_MS);
  expect(renewalPoint({ ...YEAR, draw: 0.999999 })).toBeLessThan(292 * DAY_MS);
});

test('renewal happens at the latest the threshold before expiry', () => {
  const month = { notBeforeMs: 0, notAfterMs: 30 * DAY_MS, draw: 0.9, thresholdDays: 10 };
  expect(renewalPoint(month)).toBe(20 * DAY_MS);
});

test('a lifetime shorter than the threshold is renewed at its middle, not for ever', () => {
  const day = { notBeforeMs: 0, notAfterMs: DAY_MS, draw: 0.2, thresholdDays: 7 };
  expect(renewalPoint(day)).toBe(DAY_MS / 2);
});

test('renewal is due from its point on', () => {
  const policy = { ...YEAR, draw: 0 };
  expect(isRenewalDue(policy, 219 * DAY_MS - 1)).toBe(false);
  expect(isRenewalDue(policy, 219 * DAY_MS)).toBe(true);
});

test("the manager's window is followed, at the drawn point of it", () => {
  const window = { startMs: 230 * DAY_MS, endMs: 230 * DAY_MS + 3_600_000 };
  expect(renewalPoint({ ...YEAR, draw: 0.5, window })).toBe(230 * DAY_MS + 1_800_000);
});

test.each([
  ['before the middle of the lifetime', 100 * DAY_MS, 101 * DAY_MS],
  ['after the last day for it', 358 * DAY_MS, 360 * DAY_MS],
  ['that ends before it begins', 240 * DAY_MS, 239 * DAY_MS],
])('a window %s is not followed', (_what, startMs, endMs) => {
  expect(renewalPoint({ ...YEAR, draw: 0, window: { startMs, endMs } })).toBe(219 * DAY_MS);
});
