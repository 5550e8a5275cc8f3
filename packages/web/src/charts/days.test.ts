import type { FleetDay } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { changeOf, linesOf } from './days.ts';

const day = (name: string, current: number): FleetDay => ({
  day: name,
  at: `${name}T00:00:01Z`,
  hosts: current,
  current,
  behind: 0,
  unknown: 0,
  security: 0,
  updates: 0,
  security_updates: 0,
  certificates: { none: 0, expired: 0, week: 0, month: 0, later: 0 },
});

describe('What was written down on each day', () => {
  it('is a line with a gap where nothing was, over the end of a month, too', () => {
    const { seconds, lines } = linesOf(
      [day('2026-02-27', 1), day('2026-03-01', 3)],
      [['current', (one) => one.current]],
    );
    expect(seconds.map((second) => new Date(second * 1_000).toISOString().slice(0, 10))).toEqual([
      '2026-02-27',
      '2026-02-28',
      '2026-03-01',
    ]);
    expect(lines).toEqual([{ name: 'current', values: [1, null, 3] }]);
  });

  it('is nothing while nothing was written down', () => {
    expect(linesOf([], [['current', (one) => one.current]])).toEqual({
      seconds: [],
      lines: [{ name: 'current', values: [] }],
    });
  });

  it.each([
    [[3, null, 3], 'behind 3, as before'],
    [[3, null, 5], 'behind 5, up from 3'],
    [[null, 4, 1], 'behind 1, down from 4'],
  ])('is said in words: %j', (values, words) => {
    expect(changeOf({ name: 'behind', values })).toBe(words);
  });
});
