import type { FleetJob } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { inLane, laneOf, placeOf } from './timeline.ts';

const ended = (status: NonNullable<FleetJob['result']>['status']): Pick<FleetJob, 'state' | 'result'> => ({
  state: 'ended',
  result: { status, message: '', error_code: null, changed: {}, reboot: null },
});

it.each([
  [ended('completed'), 'done'],
  [ended('failed'), 'failed'],
  [ended('timeout'), 'failed'],
  [ended('cancelled'), 'open'],
  [ended(null), 'open'],
  [{ state: 'not_begun', result: null }, 'failed'],
  [{ state: 'not_asked', result: null }, 'open'],
  [{ state: 'asked', result: null }, 'open'],
  [{ state: 'accepted', result: null }, 'open'],
  [{ state: 'unknown', result: null }, 'open'],
] as const)('%j is drawn as %s', (job, lane) => {
  expect(laneOf(job)).toBe(lane);
  expect(inLane([job], lane)).toEqual([job]);
});

it('what was before the span, or is ahead of this clock, is drawn at its edge', () => {
  const span = { fromMs: 1_000, toMs: 3_000 };
  const at = (ms: number) => placeOf(new Date(ms).toISOString(), span);
  expect([at(0), at(1_000), at(2_000), at(3_000), at(9_000)]).toEqual([0, 0, 0.5, 1, 1]);
});
