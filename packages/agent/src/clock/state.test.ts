import { describe, expect, it } from 'vitest';
import { type ClockEvidence, clockState } from './state.ts';

const NOON = Date.UTC(2026, 10, 25, 12);
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const evidence = (change: Partial<ClockEvidence> = {}): ClockEvidence => ({
  bounds: [
    { what: 'this program', atMs: NOON - 30 * DAY },
    { what: 'the revocation list', atMs: NOON - 3 * HOUR },
  ],
  lastWrittenMs: NOON - HOUR,
  manager: undefined,
  movedMs: undefined,
  ...change,
});
const judged = (wallMs: number, change?: Partial<ClockEvidence>) =>
  clockState({ wallMs, monotonicMs: 10 * MINUTE }, evidence(change));
const manager = { dateMs: NOON, monotonicMs: 0 };

describe("this host's clock", () => {
  it.each([
    [
      '1970',
      0,
      'bad',
      'the revocation list is from 2026-11-25T09:00:00.000Z: it is at least 20782 d 9 h behind',
    ],
    ['a day before the program', NOON - 31 * DAY, 'bad', 'behind'],
    ['before the list that the manager signed', NOON - 5 * HOUR, 'bad', 'at least 2 h 0 min behind'],
    [
      'a little before that list',
      NOON - 3 * HOUR - 4 * MINUTE,
      'suspect',
      'before files that this agent wrote',
    ],
    ['before the last file', NOON - 2 * HOUR, 'suspect', '1 h 0 min before files'],
    ['now', NOON, 'ok', 'ok'],
    ['a month of being switched off later', NOON + 31 * DAY, 'ok', 'ok'],
    ['ten years later', NOON + 3_652 * DAY, 'suspect', 'or the host was switched off'],
  ] as const)('that shows %s is judged by what others made', (_what, wallMs, state, words) => {
    const verdict = judged(wallMs);
    expect(verdict.state).toBe(state);
    expect(verdict.message).toContain(words);
  });

  it.each([
    ['agrees', 10 * MINUTE, 'ok', 'ok'],
    ['is four minutes off', 14 * MINUTE, 'ok', 'ok'],
    ['is six hours ahead', 10 * MINUTE + 6 * HOUR, 'bad', "6 h 0 min ahead of the manager's"],
    ['is six hours behind', 10 * MINUTE - 6 * HOUR, 'bad', "6 h 0 min behind the manager's"],
    ['is ten years ahead', 3_652 * DAY, 'bad', 'ahead of'],
  ] as const)(
    'that %s is judged by the manager, whose time goes on with the monotonic clock',
    (_w, off, state, words) => {
      const verdict = judged(NOON + off, { manager });
      expect(verdict.state).toBe(state);
      expect(verdict.message).toContain(words);
      if (state === 'bad') expect(verdict.message).toMatch(/clock.*timedatectl/);
    },
  );

  it('is believed with the manager though files were written by a clock that was wrong then', () => {
    const wrong = { lastWrittenMs: NOON + 3_652 * DAY };
    expect(judged(NOON, wrong).state).toBe('suspect');
    expect(judged(NOON + 10 * MINUTE, { ...wrong, manager }).state).toBe('ok');
  });

  it('is suspect after it was moved, until something confirms it', () => {
    expect(judged(NOON, { movedMs: 6 * HOUR })).toMatchObject({
      state: 'suspect',
      message: expect.stringContaining('set forward by 6 h 0 min'),
    });
    expect(judged(NOON, { movedMs: -6 * HOUR }).message).toContain('set back');
    expect(judged(NOON + 10 * MINUTE, { manager, movedMs: -6 * HOUR }).state).toBe('ok');
  });
});
