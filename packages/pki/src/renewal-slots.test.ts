import { expect, test } from 'vitest';
import { chooseRenewalWindow, renewalHour } from './renewal-slots.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR = { notBeforeMs: 0, notAfterMs: 365 * DAY_MS };

test('a window lies in an hour with the fewest planned renewals, between 60 and 80 percent of the lifetime', () => {
  const free = 230 * 24 + 5;
  const window = chooseRenewalWindow(YEAR, (hour) => (hour === free ? 1 : 2), 0.99);
  expect(window).toEqual({ startMs: free * HOUR_MS, endMs: free * HOUR_MS + 40 * 60_000 });
  expect(renewalHour(window!.startMs)).toBe(free);
});

test('among equals the draw decides, over the whole span', () => {
  expect(chooseRenewalWindow(YEAR, () => 0, 0)!.startMs).toBe(219 * DAY_MS);
  expect(chooseRenewalWindow(YEAR, () => 0, 0.999_999)!.endMs).toBeLessThan(292 * DAY_MS);
});

test('certificates issued in one minute fill the hours evenly', () => {
  const planned = new Map<number, number>();
  for (let host = 0; host < 1752 * 3; host += 1) {
    const window = chooseRenewalWindow(YEAR, (hour) => planned.get(hour) ?? 0, (host * 0.618) % 1)!;
    planned.set(renewalHour(window.startMs), (planned.get(renewalHour(window.startMs)) ?? 0) + 1);
  }
  expect(new Set(planned.values())).toEqual(new Set([3]));
});

test('a lifetime of hours leaves no choice', () => {
  expect(chooseRenewalWindow({ notBeforeMs: 0, notAfterMs: 8 * HOUR_MS }, () => 0, 0)).toBeUndefined();
});
