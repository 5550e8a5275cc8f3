import { describe, expect, it } from 'vitest';
import { startPace } from './poll-pace.ts';
import { waitTimeMs } from './wait-time.ts';

const MINUTE_MS = 60_000;

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
