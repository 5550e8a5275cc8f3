import { describe, expect, it } from 'vitest';
import { nextDelayMs } from './schedule.ts';

const MINUTE_MS = 60_000;

describe('the time until the next request', () => {
  it.each([
    ['transient', 5],
    ['misconfigured', 5],
    ['refused', 15],
    ['security', 15],
  ] as const)(
    'doubles with each %s trouble up to %d minutes, and is drawn from all of it',
    (kind, minutes) => {
      const longest = Array.from({ length: 40 }, (_, failures) => nextDelayMs({ kind, failures }, 0.999_999));
      expect(longest.toSorted((a, b) => a - b)).toEqual(longest);
      expect(longest[1]).toBeGreaterThan((longest[0] ?? 0) * 1.9);
      expect(longest.at(-1)).toBeGreaterThan(0.98 * minutes * MINUTE_MS);
      expect(longest.at(-1)).toBeLessThan(minutes * MINUTE_MS);
      expect(nextDelayMs({ kind, failures: 40 }, 0.5)).toBe(0.5 * minutes * MINUTE_MS);
    },
  );

  it('is never less than a second after a trouble, whatever the draw', () => {
    expect(nextDelayMs({ kind: 'transient', failures: 0 }, 0)).toBe(1_000);
    expect(nextDelayMs({ kind: 'throttled', failures: 0, retryAfterMs: undefined }, 0)).toBe(1_000);
  });

  it('is at least what Retry-After asks, spread over a minute, and an hour at most', () => {
    const after = (retryAfterMs: number, draw: number) =>
      nextDelayMs({ kind: 'throttled', failures: 0, retryAfterMs }, draw);
    expect(after(12_000, 0)).toBe(12_000);
    expect(after(12_000, 0.999)).toBeLessThan(72_000);
    expect(after(10 ** 9, 0)).toBe(60 * MINUTE_MS);
    expect(after(0, 0)).toBe(1_000);
  });

  it('comes sooner the more often in a row a host was told to slow down, so that none is left out', () => {
    const longest = [0, 3, 4, 5, 40].map((failures) =>
      nextDelayMs({ kind: 'throttled', failures, retryAfterMs: 12_000 }, 0.999_999),
    );
    expect(longest.map((one) => Math.round(one / 1000))).toEqual([72, 72, 42, 27, 15]);
  });
});
