import { DAY_MS, HOUR_MS, MINUTE_MS } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { hasExpired, type WaitFacts } from './waiting.ts';

const BOOT = 'boot-2';
const ACCEPTED_MS = 1_700_000_000_000;

/** A job that was accepted two hours after the boot, and is looked at so much later. */
function facts(laterMs: number, more: Partial<WaitFacts> = {}): WaitFacts {
  return {
    order: { acceptedAtMs: ACCEPTED_MS, acceptedAt: { bootId: BOOT, ageMs: 2 * HOUR_MS } },
    lastEnded: undefined,
    now: { bootId: BOOT, ageMs: 2 * HOUR_MS + laterMs },
    nowMs: ACCEPTED_MS + laterMs,
    ...more,
  };
}

const ended = (laterMs: number) => ({ lastEnded: { bootId: BOOT, ageMs: 2 * HOUR_MS + laterMs } });
const booted = (agoMs: number) => ({ now: { bootId: 'boot-3', ageMs: agoMs } });
/** The kernel's id is another one where the job's process looks than where it was accepted. */
const inContainer = (laterMs: number): WaitFacts => ({
  order: { acceptedAtMs: ACCEPTED_MS, acceptedAt: { bootId: 'kernel+1420000', ageMs: 2 * HOUR_MS } },
  lastEnded: { bootId: 'over-it+1420000', ageMs: 3 * HOUR_MS },
  now: { bootId: 'kernel+1420000', ageMs: 3 * HOUR_MS + laterMs },
  nowMs: ACCEPTED_MS + HOUR_MS + laterMs,
});
const EARLIER = { order: { acceptedAtMs: ACCEPTED_MS } };

it.each<[string, WaitFacts, boolean]>([
  ['has just come', facts(0), false],
  ['waits for an hour', facts(HOUR_MS), false],
  ['waits for longer', facts(HOUR_MS + 1), true],
  ['waits for longer, behind one that ended meanwhile', facts(3 * HOUR_MS, ended(2 * HOUR_MS)), false],
  ['waits for an hour after the last one', facts(2 * HOUR_MS, ended(HOUR_MS)), false],
  ['waits for longer after the last one', facts(2 * HOUR_MS, ended(HOUR_MS - 1)), true],
  [
    'waits behind one that ended outside of the sandbox that accepted it, in a container',
    inContainer(HOUR_MS),
    false,
  ],
  ['waits for longer than an hour in a container', inContainer(HOUR_MS + 1), true],
  ['waits when the host was rebooted', facts(3 * HOUR_MS, booted(MINUTE_MS)), false],
  ['waits for longer after a reboot', facts(3 * HOUR_MS, booted(HOUR_MS + 1)), true],
  ['waits for longer than a day, whatever is done', facts(DAY_MS + 1, ended(DAY_MS)), true],
  ['waits since before a clock that was set back', facts(-DAY_MS, { now: facts(MINUTE_MS).now }), false],
  ['waits for longer by a clock that was set back', facts(-DAY_MS, { now: facts(2 * HOUR_MS).now }), true],
  ['was accepted by an earlier release', facts(3 * HOUR_MS, EARLIER), false],
  ['was accepted by an earlier release days ago', facts(DAY_MS + 1, EARLIER), true],
])('a job that %s', (_what, given, late) => {
  expect(hasExpired(given)).toBe(late);
});
