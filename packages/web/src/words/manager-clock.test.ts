import { expect, it } from 'vitest';
import { clockDifference } from './manager-clock.ts';

const HOUR_MS = 3_600_000;
const answeredMs = Date.parse('2026-11-30T12:00:00.000Z');
const differenceWhen = (sentMs: number, receivedMs: number) =>
  clockDifference('2026-11-30T12:00:00.000Z', { sentMs, receivedMs });

it('says how far the clock of the manager is ahead of this one, or behind it', () => {
  expect(differenceWhen(answeredMs - HOUR_MS - 100, answeredMs - HOUR_MS + 100)).toBe(HOUR_MS);
  expect(differenceWhen(answeredMs + HOUR_MS, answeredMs + HOUR_MS)).toBe(-HOUR_MS);
});

it('takes what the way may have cost for no difference', () => {
  expect(differenceWhen(answeredMs - 90_000, answeredMs - 70_000)).toBe(0);
  expect(differenceWhen(answeredMs, answeredMs + 20_000)).toBe(0);
});

it('learns nothing from an answer that took long, over which the clock was set, or that has no time', () => {
  expect(differenceWhen(answeredMs - HOUR_MS, answeredMs)).toBeUndefined();
  expect(differenceWhen(answeredMs, answeredMs - 1)).toBeUndefined();
  expect(clockDifference(undefined, { sentMs: 0, receivedMs: 0 })).toBeUndefined();
  expect(clockDifference('yesterday', { sentMs: 0, receivedMs: 0 })).toBeUndefined();
});
