import { HOUR_MS, MINUTE_MS } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { isDue, offsetOf } from './slots.ts';

const NOW = Date.parse('2026-11-28T10:00:00Z');
const host = (change: object = {}) => ({
  id: 'a',
  checkedAtMs: (NOW - MINUTE_MS) as number | undefined,
  failed: false,
  seenAtMs: undefined as number | undefined,
  ...change,
});

describe('the turn of a host', () => {
  it('comes once in each interval, always at the same place', () => {
    let checkedAtMs = NOW;
    const asked: number[] = [];
    for (let now = NOW; now < NOW + 24 * HOUR_MS; now += 15_000) {
      if (!isDue(host({ checkedAtMs }), HOUR_MS, now)) continue;
      asked.push(now);
      checkedAtMs = now;
    }
    expect(asked).toHaveLength(24);
    expect(new Set(asked.map((at) => Math.floor((at % HOUR_MS) / 15_000))).size).toBe(1);
  });

  it('is spread over the interval', () => {
    const minutes = Array.from({ length: 6_000 }, (_, index) =>
      Math.floor(offsetOf(`host ${index}`, HOUR_MS) / MINUTE_MS),
    );
    const counts = [...Map.groupBy(minutes, (minute) => minute).values()].map((all) => all.length);
    expect(counts).toHaveLength(60);
    expect(Math.max(...counts)).toBeLessThan(200);
  });

  it('is now for a host that was never asked, missed its turn, or was asked by a clock that was ahead', () => {
    for (const checkedAtMs of [undefined, NOW - HOUR_MS - 1, NOW + HOUR_MS])
      expect([checkedAtMs, isDue(host({ checkedAtMs }), HOUR_MS, NOW)]).toEqual([checkedAtMs, true]);
  });

  it('comes early after a failure when the host answered something since, and not at once', () => {
    const failed = { failed: true, checkedAtMs: NOW, seenAtMs: NOW + 1 };
    const turnMs = Math.floor(NOW / HOUR_MS) * HOUR_MS + offsetOf('a', HOUR_MS);
    const checkedAtMs = turnMs + 1;
    const at = { ...failed, checkedAtMs, seenAtMs: checkedAtMs + 1 };
    expect(isDue(host(at), HOUR_MS, checkedAtMs + 9 * MINUTE_MS)).toBe(false);
    expect(isDue(host(at), HOUR_MS, checkedAtMs + 10 * MINUTE_MS)).toBe(true);
    expect(isDue(host({ ...at, seenAtMs: checkedAtMs - 1 }), HOUR_MS, checkedAtMs + 10 * MINUTE_MS)).toBe(
      false,
    );
    expect(isDue(host({ ...at, failed: false }), HOUR_MS, checkedAtMs + 10 * MINUTE_MS)).toBe(false);
  });
});
