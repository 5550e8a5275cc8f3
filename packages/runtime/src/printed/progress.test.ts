import { describe, expect, it } from 'vitest';
import { createProgressDisplay, renderProgress } from './progress.ts';
import { pastTime, relativeTime, renderFacts, renderTable, timeToCome } from './table.ts';

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
    const drawn: string[] = [];
    const display = createProgressDisplay({
      write: (text) => written.push(text),
      redraw: (line) => drawn.push(line),
    });
    display.show(step(1, 'a'));
    display.show(step(2, 'b\n\u001b[2Jc'));
    display.end();
    expect(drawn).toEqual([expect.stringMatching(/ a$/), expect.stringMatching(/ b\\u000a\\u001b\[2Jc$/)]);
    expect(written).toEqual(['\n']);
  });

  it('is one plain line for each change elsewhere', () => {
    const written: string[] = [];
    const display = createProgressDisplay({ write: (text) => written.push(text), redraw: undefined });
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

  it('give nobody a line of his own', () => {
    expect(renderTable(['A', 'B'], [['x\ny', '\u001b[2J']])).toBe('A         B\nx\\u000ay  \\u001b[2J');
    expect(renderFacts([['Name', 'x\r\ny']])).toBe('Name  x\\u000d\\u000ay');
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

  it.each([
    [-3 * 3_600_000, '3 h ago'],
    [0, '0 s ago'],
    [7_000, 'just now'],
    [12 * 60_000, 'just now, by a clock that is 12 min ahead'],
  ])('never put what has been into the future (%d ms)', (distanceMs, words) => {
    const now = Date.UTC(2026, 10, 23);
    expect(pastTime(new Date(now + distanceMs).toISOString(), now)).toBe(words);
    expect(pastTime(null, now)).toBe('never');
  });

  it.each([
    [300_000, 'ends in 5 min'],
    [400, 'ends now'],
    [-3_000, 'ends now'],
    [-12 * 60_000, 'ended 12 min ago'],
  ])('never put what is to come into the past (%d ms)', (distanceMs, words) => {
    const now = Date.UTC(2026, 10, 23);
    const at = new Date(now + distanceMs).toISOString();
    expect(timeToCome({ comes: 'ends', came: 'ended' }, at, now)).toBe(words);
  });
});
