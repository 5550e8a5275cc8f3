import { describe, expect, it } from 'vitest';
import { isMissed, percentile, rowOf } from './report.ts';

describe('a percentile', () => {
  it('is the nearest rank', () => {
    const samples = [30, 10, 20, 40];
    expect([0, 0.5, 0.75, 0.95, 1].map((share) => percentile(samples, share))).toEqual([10, 20, 30, 40, 40]);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('a measurement', () => {
  const below = (value: number, more: { shownOnlyBecause?: string } = {}) =>
    ({ what: 'p95', value, unit: 'ms', bar: { limit: 1000, side: 'below', ...more } }) as const;

  it('misses its bar on the wrong side, or when nothing was measured', () => {
    expect(isMissed(below(999))).toBe(false);
    expect(isMissed(below(1001))).toBe(true);
    expect(isMissed(below(Number.NaN))).toBe(true);
    expect(isMissed({ what: 'rate', value: 99, unit: '/s', bar: { limit: 100, side: 'above' } })).toBe(true);
    expect(isMissed({ what: 'rate', value: 99, unit: '/s' })).toBe(false);
    expect(isMissed(below(1001, { shownOnlyBecause: 'the machine is busy' }))).toBe(false);
  });

  it('is shown with its bar, the ratio and the verdict', () => {
    expect(rowOf(below(250))).toBe('| p95 | 250 ms | < 1000 ms | 4 × | met |');
    expect(rowOf(below(2000))).toBe('| p95 | 2000 ms | < 1000 ms | 0.5 × | MISSED |');
    expect(rowOf({ what: 'n', value: 1.23456, unit: 'ms' })).toBe('| n | 1.23 ms | – | – | – |');
  });
});
