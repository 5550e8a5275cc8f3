import { describe, expect, it } from 'vitest';
import { isTimeToCollect, keepMemoryLow } from './memory.ts';
import { ManualClock } from './testing/index.ts';

const MB = 1_000_000;

/** A process whose use of time and memory the test decides. */
function testProcess(started: { cpuMs: number; heldBytes: number }) {
  const used = { ...started, collections: 0 };
  const memory = {
    cpuMs: () => used.cpuMs,
    heldBytes: () => used.heldBytes,
    collect() {
      used.collections += 1;
      used.heldBytes = 10 * MB;
    },
  };
  return { used, memory };
}

describe('the memory of a process', () => {
  it('is collected when it was idle after its start, and not again while nothing was added', async () => {
    const clock = new ManualClock();
    const ended = new AbortController();
    const { used, memory } = testProcess({ cpuMs: 0, heldBytes: 30 * MB });
    const keeping = keepMemoryLow({ clock, memory, signal: ended.signal });
    used.cpuMs += 180;
    await clock.advance(1_500);
    expect(used.collections).toBe(0);
    await clock.advance(1_500);
    expect(used.collections).toBe(1);
    await clock.advance(60_000);
    expect(used.collections).toBe(1);
    ended.abort();
    await keeping;
    expect(clock.sleeping).toBe(0);
  });

  it('is not collected under load, and once when the load is over', async () => {
    const clock = new ManualClock();
    const ended = new AbortController();
    const { used, memory } = testProcess({ cpuMs: 0, heldBytes: 30 * MB });
    const keeping = keepMemoryLow({ clock, memory, signal: ended.signal });
    await clock.advance(1_500);
    expect(used.collections).toBe(1);
    for (let second = 0; second < 20; second += 1) {
      used.cpuMs += 60;
      used.heldBytes += 2 * MB;
      await clock.advance(1_000);
    }
    expect(used.collections).toBe(1);
    await clock.advance(10_000);
    expect(used.collections).toBe(2);
    ended.abort();
    await keeping;
  });

  it.each([
    [{ elapsedMs: 5_000, cpuMs: 100, grownBytes: 5 * MB }, true],
    [{ elapsedMs: 5_000, cpuMs: 100, grownBytes: undefined }, true],
    [{ elapsedMs: 5_000, cpuMs: 100, grownBytes: 1 * MB }, false],
    [{ elapsedMs: 5_000, cpuMs: 500, grownBytes: 50 * MB }, false],
    [{ elapsedMs: 5_000, cpuMs: 500, grownBytes: undefined }, false],
  ])('is worth a collection: %j %s', (look, isTime) => {
    expect(isTimeToCollect(look)).toBe(isTime);
  });
});
