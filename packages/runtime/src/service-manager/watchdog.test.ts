import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/index.ts';
import { feedWatchdog, watchdogIntervalMs } from './watchdog.ts';

describe('the watchdog', () => {
  it("is fed three times in its interval, and no more when the service's own loop is dead or it was told to stop", async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    let pings = 0;
    let alive = true;
    const notifier = {
      ready: async () => {},
      status: async () => {},
      stopping: async () => {},
      trouble: async () => {},
      alive: async () => void (pings += 1),
    };
    const feeding = feedWatchdog({
      notifier,
      intervalMs: 90_000,
      clock,
      isAlive: () => alive,
      signal: stop.signal,
    });
    await clock.waitForSleepers();
    await clock.advance(270_000);
    expect(pings).toBe(10);
    alive = false;
    await clock.advance(90_000);
    expect(pings).toBe(10);
    stop.abort();
    await feeding;
    await clock.advance(300_000);
    expect(pings).toBe(10);
  });

  it.each([
    ['120000000', 120_000],
    [undefined, undefined],
    ['0', undefined],
    ['soon', undefined],
  ])('takes its interval from WATCHDOG_USEC=%s', (value, expected) => {
    expect(watchdogIntervalMs({ WATCHDOG_USEC: value })).toBe(expected);
  });
});
