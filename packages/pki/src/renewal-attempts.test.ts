import { describe, expect, it } from 'vitest';
import { ATTEMPT_FLOOR_MS, nextAttemptAt } from './renewal-attempts.ts';
import { renewalPoint } from './renewal-policy.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR = { notBeforeMs: 0, notAfterMs: 365 * DAY_MS, thresholdDays: 7, draw: 0.25 };
const POINT = renewalPoint(YEAR);

/** Every attempt of an agent whose manager never answers. */
function attempts(policy: typeof YEAR, from: number, until: number): number[] {
  const made: number[] = [];
  for (let at = nextAttemptAt(policy, from); at < until; at = nextAttemptAt(policy, at + ATTEMPT_FLOOR_MS))
    made.push(at);
  return made;
}

describe('attempts to renew', () => {
  it('begin at the renewal point, whenever the program was started before it', () => {
    expect(nextAttemptAt(YEAR, 0)).toBe(POINT);
    expect(nextAttemptAt(YEAR, POINT - 1)).toBe(POINT);
    expect(nextAttemptAt(YEAR, POINT)).toBe(POINT);
  });

  it('come four times in a quarter of an hour, then at the same place two days later', () => {
    const minutes = attempts(YEAR, 0, POINT + 4 * DAY_MS).map((at) => (at - POINT) / MINUTE_MS);
    expect(minutes).toEqual([0, 2, 6, 15, 2880, 2882, 2886, 2895]);
  });

  it('of a host that was switched off keep its place, so that hosts that come back together stay spread', () => {
    const off = Array.from({ length: 96 }, (_, index) => POINT - index * 30 * MINUTE_MS);
    const back = POINT + 3 * HOUR_MS;
    const first = off.map((point) => {
      const draw = (point / DAY_MS / 365 - 0.6) / 0.2;
      return nextAttemptAt({ ...YEAR, draw }, back);
    });
    const perHour = Map.groupBy(first, (at) => Math.floor((at - back) / HOUR_MS));
    expect(perHour.size).toBe(48);
    expect(Math.max(...[...perHour.values()].map((hour) => hour.length))).toBeLessThanOrEqual(3);
  });

  it('come hourly when less than a tenth of the lifetime is left, every ten minutes when less than 2 %', () => {
    const tenth = 365 * 0.9 * DAY_MS;
    const hourly = attempts(YEAR, tenth, tenth + 5 * HOUR_MS);
    expect(hourly.filter((at) => (at - POINT) % HOUR_MS === 0)).toHaveLength(5);
    const last = 365 * 0.98 * DAY_MS + MINUTE_MS;
    const gaps = attempts(YEAR, last, last + 2 * HOUR_MS).map(
      (at, index, all) => at - (all[index - 1] ?? at),
    );
    expect(gaps.filter((gap) => gap > 10 * MINUTE_MS)).toEqual([]);
  });

  it('do not wait out an emergency that begins before the next slot', () => {
    const before = 365 * 0.9 * DAY_MS - 30 * MINUTE_MS;
    expect(nextAttemptAt(YEAR, before) - before).toBeLessThanOrEqual(90 * MINUTE_MS);
  });

  it('go on when the certificate has expired', () => {
    const late = 366 * DAY_MS;
    expect(nextAttemptAt(YEAR, late) - late).toBeLessThanOrEqual(10 * MINUTE_MS);
  });

  it.each([DAY_MS, HOUR_MS, 10_000])(
    'of a certificate that lives %d ms come in time and never at once',
    (life) => {
      const short = { notBeforeMs: 0, notAfterMs: life, thresholdDays: 7, draw: 0.9 };
      const made = attempts(short, 0, 2 * life + 10 * MINUTE_MS);
      expect(made[0]).toBe(life / 2);
      made
        .slice(1)
        .forEach((at, index) => expect(at - made[index]!).toBeGreaterThanOrEqual(ATTEMPT_FLOOR_MS));
    },
  );
});
