import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';

describe('the manual clock', () => {
  it('wakes sleepers in order of their due time', async () => {
    const clock = new ManualClock();
    const woken: string[] = [];
    void clock.sleep(200).then(() => woken.push('late'));
    void clock.sleep(100).then(() => woken.push('early'));
    await clock.advance(150);
    expect(woken).toEqual(['early']);
    await clock.advance(50);
    expect(woken).toEqual(['early', 'late']);
  });

  it('leaps as a machine that was suspended: who is due meanwhile wakes once', async () => {
    const clock = new ManualClock();
    let rounds = 0;
    void (async () => {
      for (;;) {
        await clock.sleep(100);
        rounds += 1;
      }
    })();
    await clock.leap(1_000);
    expect([rounds, clock.monotonicMs()]).toEqual([1, 1_000]);
  });

  it('rejects a sleeper with the reason of the abort', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const asleep = clock.sleep(1_000, abort.signal);
    abort.abort(new Error('stop'));
    await expect(asleep).rejects.toThrow('stop');
    expect(clock.sleeping).toBe(0);
  });

  it('moves the wall clock alone, as a correction by NTP does', () => {
    const clock = new ManualClock(1_000);
    clock.setWallClock(99_000);
    expect([clock.now(), clock.monotonicMs()]).toEqual([99_000, 0]);
  });
});
