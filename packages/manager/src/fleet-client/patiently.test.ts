import { PatchError } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { patiently } from './patiently.ts';

/** A clock that sleeps at once, and notes for how long. */
function notingClock() {
  const slept: number[] = [];
  let nowMs = 0;
  return {
    slept,
    pass: (ms: number) => void (nowMs += ms),
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      slept.push(ms);
      nowMs += ms;
    },
  };
}

const tooMany = (seconds: unknown) =>
  new PatchError('AGENT_ERROR', 'too many', {
    details: { agent: { code: 'RATE_LIMIT_EXCEEDED', details: { retry_after_seconds: seconds } } },
  });

/** @param answerMs how long the host takes for an answer */
async function askedOf(error: Error, forMs = 30_000, answerMs = 0) {
  const clock = notingClock();
  let asked = 0;
  const ask = async () => {
    asked += 1;
    clock.pass(answerMs);
    throw error;
  };
  await expect(patiently(clock, { forMs, signal: undefined }, ask)).rejects.toBe(error);
  return { asked, slept: clock.slept };
}

it('asks again when the agent has time, and no longer than its patience lasts', async () => {
  expect(await askedOf(tooMany(12))).toEqual({ asked: 3, slept: [12_000, 12_000] });
  expect(await askedOf(tooMany(12), 10_000)).toEqual({ asked: 1, slept: [] });
});

it('asks a host that wants to be asked without a pause once a second', async () => {
  const { asked, slept } = await askedOf(tooMany(0.000_001));
  expect([asked, new Set(slept)]).toEqual([31, new Set([1_000])]);
});

it('has no more patience with a host that takes long to say so', async () => {
  expect(await askedOf(tooMany(1), 10_000, 4_500)).toEqual({ asked: 2, slept: [1_000] });
  expect(await askedOf(tooMany(1), 10_000, 29_000)).toEqual({ asked: 1, slept: [] });
});

it.each([
  ['another error', new Error('no')],
  ['another refusal', new PatchError('POLICY_DENIED', 'no')],
  ['a time that is none', tooMany('soon')],
  ['a time in the past', tooMany(-1)],
])('takes %s for an answer', async (_what, error) => {
  expect(await askedOf(error)).toEqual({ asked: 1, slept: [] });
});
