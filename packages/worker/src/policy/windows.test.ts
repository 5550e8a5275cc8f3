import { describe, expect, it } from 'vitest';
import type { PolicyWindow } from './schema.ts';
import { describeInstant, describeWindow, isOpen, nextOpening } from './windows.ts';

const BERLIN = 'Europe/Berlin';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const at = (hours: number, minutes = 0): number => hours * 60 + minutes;
const at0 = (utc: string): number => Date.parse(`${utc}:00Z`);

const NIGHT: PolicyWindow = { from: at(2), to: at(3) };
const OVERNIGHT: PolicyWindow = { days: ['sat'], from: at(22), to: at(4) };

describe('a window', () => {
  it.each<readonly [what: string, window: PolicyWindow, utc: string, open: boolean]>([
    ['opens at its first minute', NIGHT, '2026-01-14T01:00', true],
    ['is open to its last minute', NIGHT, '2026-01-14T01:59', true],
    ['is closed at its end', NIGHT, '2026-01-14T02:00', false],
    ['is at another instant in summer', NIGHT, '2026-07-15T00:00', true],
    ['follows the clock on the wall, not UTC', NIGHT, '2026-07-15T01:00', false],
    // On 2026-03-29 in Berlin 02:00 to 03:00 is left out.
    ['in the hour that is left out does not open: before', NIGHT, '2026-03-29T00:59', false],
    ['in the hour that is left out does not open: after', NIGHT, '2026-03-29T01:00', false],
    [
      'that reaches beyond that hour opens behind it',
      { from: at(2, 30), to: at(4) },
      '2026-03-29T01:00',
      true,
    ],
    // On 2026-10-25 in Berlin 02:00 to 03:00 comes twice.
    ['in the hour that comes twice is open the first time', NIGHT, '2026-10-25T00:30', true],
    ['in the hour that comes twice is open the second time', NIGHT, '2026-10-25T01:30', true],
    ['after the hour that came twice is closed', NIGHT, '2026-10-25T02:00', false],
    ['over midnight opens on its day', OVERNIGHT, '2026-01-17T21:00', true],
    ['over midnight goes on the next day', OVERNIGHT, '2026-01-18T02:59', true],
    ['over midnight ends on the next day', OVERNIGHT, '2026-01-18T03:00', false],
    ['over midnight does not begin on the day it ends', OVERNIGHT, '2026-01-18T21:00', false],
    ['over midnight was not open the night before', OVERNIGHT, '2026-01-17T02:00', false],
    ['over midnight is open through the end of summer time', OVERNIGHT, '2026-10-25T02:59', true],
    ['may be a whole day', { days: ['thu'], from: 0, to: at(24) }, '2026-01-15T22:59', true],
    ['of a whole day ends with it', { days: ['thu'], from: 0, to: at(24) }, '2026-01-15T23:00', false],
  ])('%s', (_what, window, utc, open) => {
    expect(isOpen([window], BERLIN, at0(utc))).toBe(open);
  });

  it('is open as many minutes of each day as its clock shows them, through both changes of the clock', () => {
    const open = (day: string, window: PolicyWindow): number => {
      const start = at0(`${day}T00:00`) - HOUR_MS;
      const minutes = Array.from({ length: 25 * 60 }, (_, minute) => start + minute * MINUTE_MS);
      const ofDay = minutes.filter((ms) => describeInstant(BERLIN, ms).includes(day));
      return ofDay.filter((ms) => isOpen([window], BERLIN, ms)).length;
    };
    const early: PolicyWindow = { from: at(1), to: at(5) };
    expect(['2026-03-28', '2026-03-30', '2026-10-24'].map((day) => open(day, early))).toEqual([
      240, 240, 240,
    ]);
    expect(open('2026-03-29', early)).toBe(180);
    expect(open('2026-10-25', early)).toBe(300);
  });
});

/** Numbers that look drawn and are the same each time (Numerical Recipes' LCG). */
function draws(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

describe('the next opening', () => {
  it('is open, is not in the past, and no minute before it is open', () => {
    const draw = draws(11);
    for (let round = 0; round < 60; round += 1) {
      const from = draw(at(24));
      const to = (from + 1 + draw(at(23))) % at(24);
      const days = round % 2 === 0 ? {} : { days: ['sun', 'wed'] as const };
      const windows: PolicyWindow[] = [{ ...days, from, to }];
      // Around both changes of the clock.
      const base = round % 3 === 0 ? '2026-03-28T00:00' : '2026-10-23T00:00';
      const now = at0(base) + draw(3 * DAY_MS);
      const next = nextOpening(windows, BERLIN, now);
      if (next === undefined) throw new Error(`no opening for ${JSON.stringify(windows)}`);
      expect(next).toBeGreaterThanOrEqual(now);
      expect(isOpen(windows, BERLIN, next)).toBe(true);
      for (let ms = next - MINUTE_MS; ms > Math.max(now, next - 3 * HOUR_MS); ms -= MINUTE_MS)
        expect(isOpen(windows, BERLIN, ms)).toBe(false);
    }
  });

  it('of a weekly window in the hour that is left out is a week later', () => {
    const next = nextOpening([{ days: ['sun'], from: at(2), to: at(3) }], BERLIN, at0('2026-03-27T12:00'));
    expect(describeInstant(BERLIN, next ?? 0)).toBe('Sun 2026-04-05 02:00 Europe/Berlin');
  });
});

describe('a window for people', () => {
  it('says days, times, and that it ends on the next day', () => {
    expect(describeWindow(OVERNIGHT)).toBe('sat 22:00–04:00 of the next day');
    expect(describeWindow({ from: 0, to: at(24) })).toBe('every day 00:00–24:00');
  });
});
