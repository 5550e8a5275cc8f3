import { expect, test } from 'vitest';
import { alarmLevel, RENEWAL_ALARMS, renewalAlarm } from './renewal-alarm.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR = { notBeforeMs: 0, notAfterMs: 365 * DAY_MS, pointMs: 250 * DAY_MS };

test.each([
  ['none', 251 * DAY_MS - 1],
  ['late', 251 * DAY_MS],
  ['late', 292 * DAY_MS - 1],
  ['fifth_left', 292 * DAY_MS],
  ['tenth_left', 328.5 * DAY_MS],
  ['week_left', 358 * DAY_MS],
  ['two_days_left', 363 * DAY_MS],
  ['expired', 365 * DAY_MS],
] as const)('%s from its threshold on', (alarm, now) => {
  expect(renewalAlarm(YEAR, now)).toBe(alarm);
});

test('a renewal that has just become due is no alarm, however little is left', () => {
  const late = { ...YEAR, pointMs: 358 * DAY_MS };
  expect(renewalAlarm(late, 358 * DAY_MS + HOUR_MS)).toBe('none');
  const day = { notBeforeMs: 0, notAfterMs: DAY_MS, pointMs: DAY_MS / 2 };
  expect([renewalAlarm(day, 13 * HOUR_MS), renewalAlarm(day, 15 * HOUR_MS)]).toEqual([
    'none',
    'two_days_left',
  ]);
});

test('levels rise in the order of the names', () => {
  expect(RENEWAL_ALARMS.map(alarmLevel)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
