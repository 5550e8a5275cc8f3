import { describe, expect, it } from 'vitest';
import {
  afterAnswer,
  afterCut,
  afterHold,
  afterThrottle,
  type PollPace,
  pollDelayMs,
  startPace,
  waitTimeMs,
} from './poll-pace.ts';

const MINUTE_MS = 60_000;
const times = (count: number, step: (pace: PollPace) => PollPace, from: PollPace): PollPace =>
  Array.from({ length: count }).reduce<PollPace>((pace) => step(pace), from);
const late = (pace: PollPace) => afterAnswer(pace, 31 * MINUTE_MS);

describe('the pace of polls that are not held', () => {
  it('is the configured interval for half an hour, then slows down to one in four minutes', () => {
    const start = startPace(MINUTE_MS, 0);
    expect(times(40, (pace) => afterAnswer(pace, 29 * MINUTE_MS), start).periodMs).toBe(MINUTE_MS);
    const periods = [1, 2, 3, 4, 5].map((count) => times(count, late, start).periodMs / 1000);
    expect(periods).toEqual([90, 135, 202.5, 240, 240]);
  });

  it('keeps a configured interval that is longer than that', () => {
    const slow = startPace(15 * MINUTE_MS, 0);
    expect(times(50, late, slow).periodMs).toBe(15 * MINUTE_MS);
    expect(times(50, afterThrottle, slow).periodMs).toBe(15 * MINUTE_MS);
  });

  it('slows down by a quarter when most of ten polls met 429, to 520 seconds at most', () => {
    const periods = [1, 2, 3, 4, 5, 9].map(
      (windows) => times(10 * windows, afterThrottle, startPace(MINUTE_MS, 0)).periodMs / 1000,
    );
    expect(periods).toEqual([240, 300, 375, 468.75, 520, 520]);
    const half = times(5, late, times(5, afterThrottle, { ...startPace(MINUTE_MS, 0), periodMs: 400_000 }));
    expect(half).toMatchObject({ periodMs: 400_000, crowded: false });
  });

  it('speeds up by a tenth when hardly any did, back to one in four minutes', () => {
    const slowed = times(100, afterThrottle, startPace(MINUTE_MS, 0));
    expect(slowed.crowded).toBe(true);
    const recovered = times(10, late, slowed);
    expect(recovered).toMatchObject({ crowded: false, periodMs: 468_000 });
    expect(times(200, late, slowed).periodMs).toBe(240_000);
  });

  it('never waits for longer than an approval of an older manager lives', () => {
    for (const periodMs of [240_000, 449_000, 450_001, 468_750, 519_000, 520_000]) {
      const pace = { ...startPace(MINUTE_MS, 0), periodMs };
      expect(pollDelayMs(pace, 0.999_999)).toBeLessThan(590_000);
      expect(pollDelayMs(pace, 0)).toBeGreaterThan(periodMs * 0.79);
    }
  });
});

describe('a poll that is held open', () => {
  const start = startPace(MINUTE_MS, 0);

  it('is held for half of what something in between allowed, and not at all where that is next to nothing', () => {
    expect(afterCut(start, 30_000).holdS).toBe(15);
    expect(afterCut(afterCut(start, 30_000), 8_000).holdS).toBe(0);
  });

  it('is held as before after a refused connection and after a manager that never answers', () => {
    expect(afterCut(start, 20).holdS).toBe(50);
    expect(afterCut(start, 60_000).holdS).toBe(50);
  });

  it('is held for longer again after ten that went well', () => {
    const cut = afterCut(start, 30_000);
    expect(times(9, afterHold, cut).holdS).toBe(15);
    expect(times(10, afterHold, cut).holdS).toBe(30);
    expect(times(20, afterHold, cut).holdS).toBe(50);
    expect(times(10, late, { ...start, holdS: 0 }).holdS).toBe(50);
  });
});

describe('the time until an enrolment asks again', () => {
  it('is next to nothing after a poll that was held open', () => {
    expect(waitTimeMs({ kind: 'held' }, 0.99)).toBeLessThan(500);
  });

  it('is the configured interval, a fifth more or less, while nobody has decided', () => {
    const delay = (draw: number) => waitTimeMs({ kind: 'pending', pace: startPace(MINUTE_MS, 0) }, draw);
    expect(delay(0)).toBe(48_000);
    expect(delay(0.5)).toBe(MINUTE_MS);
    expect(delay(0.999)).toBeLessThan(72_000);
  });
});
