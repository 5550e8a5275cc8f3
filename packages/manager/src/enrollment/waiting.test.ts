import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createWaiting, type Hold } from './waiting.ts';

const undecided = async (): Promise<boolean> => false;

function setUp() {
  const clock = new ManualClock();
  const waiting = createWaiting(clock);
  const hold = (requestId: string, more: Partial<Hold> = {}): Promise<void> =>
    waiting.hold({
      requestId,
      limitMs: 50_000,
      signal: new AbortController().signal,
      isDecided: undecided,
      ...more,
    });
  return { clock, waiting, hold };
}

describe('held polls', () => {
  it('wake when their own request changes, and no other', async () => {
    const { clock, waiting, hold } = setUp();
    const [mine, other] = [hold('mine'), hold('other')];
    await clock.waitForSleepers(2);
    waiting.wake('mine');
    await mine;
    expect(clock.sleeping).toBe(1);
    await clock.advance(50_000);
    await other;
  });

  it('do not sleep through a decision that came between the look and the hold', async () => {
    const { clock, hold } = setUp();
    await hold('mine', { isDecided: async () => true });
    expect(clock.sleeping).toBe(0);
  });

  it('do not sleep through a decision that comes while they look', async () => {
    const { waiting, hold } = setUp();
    await hold('mine', {
      isDecided: async () => {
        waiting.wake('mine');
        return false;
      },
    });
  });

  it('say so when they could not look', async () => {
    const { hold } = setUp();
    const broken = hold('mine', { isDecided: () => Promise.reject(new Error('disk')) });
    await expect(broken).rejects.toThrow('disk');
  });

  it('end when the caller is gone', async () => {
    const { clock, hold } = setUp();
    const gone = new AbortController();
    const held = hold('mine', { signal: gone.signal });
    await clock.waitForSleepers(1);
    gone.abort();
    await held;
    expect(clock.sleeping).toBe(0);
  });
});
