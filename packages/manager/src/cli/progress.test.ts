import { describe, expect, it } from 'vitest';
import { createProgressDisplay, renderProgress } from './progress.ts';
import { relativeTime, renderTable } from './table.ts';

const step = (percent: number, message: string) => ({
  status: 'running',
  progress_percent: percent,
  message,
  output: null,
  seq: 1,
});

describe('the progress of a job', () => {
  it('is a bar, a percentage and what is being done', () => {
    expect(renderProgress(step(50, 'Unpacking toylib'))).toBe(
      '[############............]  50 %  Unpacking toylib',
    );
    expect(renderProgress(step(140, ''))).toBe(`[${'#'.repeat(24)}] 100 %  running`);
  });

  it('is redrawn in place on a terminal', () => {
    const written: string[] = [];
    const display = createProgressDisplay({ write: (text) => written.push(text), interactive: true });
    display.show(step(1, 'a'));
    display.show(step(2, 'b'));
    display.end();
    expect(written[1]?.startsWith('\r\u001b[K')).toBe(true);
    expect(written.at(-1)).toBe('\n');
  });

  it('is one plain line for each change elsewhere', () => {
    const written: string[] = [];
    const display = createProgressDisplay({ write: (text) => written.push(text), interactive: false });
    display.show(step(1, 'a'));
    display.show(step(1, 'a'));
    display.show(step(2, 'b'));
    display.end();
    expect(written).toHaveLength(2);
    expect(written.join('')).not.toContain('\r');
  });
});

describe('tables and times', () => {
  it('align columns and leave no blanks at the end', () => {
    expect(
      renderTable(
        ['A', 'LONG'],
        [
          ['1234', 'x'],
          ['5', ''],
        ],
      ),
    ).toBe('A     LONG\n1234  x\n5');
  });

  it.each([
    [0, '0 s ago'],
    [-720_000, '12 min ago'],
    [-3 * 3_600_000, '3 h ago'],
    [364 * 86_400_000, 'in 364 days'],
  ])('say how far away an instant is (%d ms)', (distanceMs, words) => {
    const now = Date.UTC(2026, 10, 23);
    expect(relativeTime(new Date(now + distanceMs).toISOString(), now)).toBe(words);
    expect(relativeTime(null, now)).toBe('never');
  });
});
