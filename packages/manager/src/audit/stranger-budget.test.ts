import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createStrangerBudget } from './stranger-budget.ts';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1);

function budget() {
  const clock = new ManualClock(START);
  const made = createStrangerBudget(clock);
  const rowsOf = (address: string, events: number): number =>
    Array.from({ length: events }, () => made.admit(address, 'enrollment_requested')).filter(Boolean).length;
  return { ...made, clock, rowsOf };
}

describe('rows that strangers cause', () => {
  it('are limited for each address, IPv6 by /64, and the rest is summed up once', async () => {
    const { clock, rowsOf, admit, takeSums } = budget();
    expect(rowsOf('192.0.2.1', 1_000)).toBe(240);
    expect(admit('192.0.2.1', 'admin_refused')).toBe(false);
    expect(rowsOf('2001:db8::1', 200) + rowsOf('2001:db8::2', 200)).toBe(240);
    expect(rowsOf('192.0.2.2', 10)).toBe(10);
    expect(takeSums(false)).toEqual([]);
    await clock.advance(HOUR_MS);
    expect(takeSums(false)).toEqual([
      { caller: '192.0.2.1', sinceMs: START, events: { enrollment_requested: 760, admin_refused: 1 } },
      { caller: '2001:db8::/64', sinceMs: START, events: { enrollment_requested: 160 } },
    ]);
    expect(takeSums(true)).toEqual([]);
    expect(rowsOf('192.0.2.1', 1)).toBe(1);
  });

  it('are limited for all addresses together', () => {
    const { rowsOf, takeSums } = budget();
    const rows = Array.from({ length: 100 }, (_, index) => rowsOf(`192.0.2.${index}`, 100));
    expect(rows.reduce((sum, one) => sum + one, 0)).toBe(5_000);
    expect(takeSums(true)).toHaveLength(50);
  });

  it('of more addresses than can be told apart are counted together', () => {
    const { rowsOf, takeSums } = budget();
    for (let number = 0; number < 10_100; number += 1) rowsOf(`10.${number >> 8}.${number & 255}.1`, 1);
    expect(takeSums(true).find((one) => one.caller === 'others')?.events.enrollment_requested).toBe(100);
  });
});
