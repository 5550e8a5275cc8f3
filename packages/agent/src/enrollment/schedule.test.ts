import { describe, expect, it } from 'vitest';
import { nextDelayMs } from './schedule.ts';

const MINUTE_MS = 60_000;

describe('the time until the next request', () => {
  it('is next to nothing after a poll that was held open', () => {
    expect(nextDelayMs({ kind: 'held' }, 0.99)).toBeLessThan(500);
  });

  it('is the configured interval, a fifth more or less, while nobody has decided', () => {
    const delay = (draw: number) => nextDelayMs({ kind: 'pending', intervalMs: MINUTE_MS }, draw);
    expect(delay(0)).toBe(48_000);
    expect(delay(0.5)).toBe(MINUTE_MS);
    expect(delay(0.999)).toBeLessThan(72_000);
  });

  it.each(['transient', 'protocol', 'security', 'unknown_token', 'conflict', 'local'] as const)(
    'doubles with each %s trouble up to five minutes, and is drawn from all of it',
    (kind) => {
      const longest = Array.from({ length: 40 }, (_, failures) => nextDelayMs({ kind, failures }, 0.999_999));
      expect(longest.toSorted((a, b) => a - b)).toEqual(longest);
      expect(longest[1]).toBeGreaterThan((longest[0] ?? 0) * 1.9);
      expect(longest.at(-1)).toBeGreaterThan(4.9 * MINUTE_MS);
      expect(longest.at(-1)).toBeLessThan(5 * MINUTE_MS);
      expect(nextDelayMs({ kind, failures: 40 }, 0.5)).toBe(2.5 * MINUTE_MS);
    },
  );

  it('is never less than a second after a trouble, whatever the draw', () => {
    expect(nextDelayMs({ kind: 'transient', failures: 0 }, 0)).toBe(1_000);
    expect(nextDelayMs({ kind: 'throttled', failures: 0, retryAfterMs: undefined }, 0)).toBe(1_000);
  });

  it('is at least what Retry-After asks, spread over a minute, and an hour at most', () => {
    const after = (retryAfterMs: number, draw: number) =>
      nextDelayMs({ kind: 'throttled', failures: 3, retryAfterMs }, draw);
    expect(after(12_000, 0)).toBe(12_000);
    expect(after(12_000, 0.999)).toBeLessThan(72_000);
    expect(after(10 ** 9, 0)).toBe(60 * MINUTE_MS);
  });
});
