import { ManualClock } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { askedSeldom } from './asked-seldom.ts';

/** Somebody who takes so long to say yes, and from then on no. */
function asked(tookMs: number, times: { readonly everyMs: number; readonly firstMs?: number }, yes = 100) {
  const clock = new ManualClock();
  let answers = 0;
  const isRunning = askedSeldom(
    async () => {
      answers += 1;
      await clock.advance(tookMs);
      return answers <= yes;
    },
    { clock, ...times },
  );
  const lookFor = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 200) {
      await isRunning();
      await clock.advance(200);
    }
  };
  return { isRunning, lookFor, answers: () => answers };
}

it('looks that follow each other cost one answer for each interval', async () => {
  const { lookFor, answers } = asked(10, { everyMs: 2_000 });
  await lookFor(20_000);
  expect(answers()).toBe(10);
});

it('answers that take long are asked for a twentieth of the time at most', async () => {
  const { lookFor, answers } = asked(8_000, { everyMs: 2_000 });
  await lookFor(600_000);
  expect(answers()).toBeLessThanOrEqual(4);
});

it('the first is asked for when it is due, and until then it runs', async () => {
  const { lookFor, isRunning, answers } = asked(0, { everyMs: 10_000, firstMs: 10_000 }, 0);
  await lookFor(9_800);
  expect([await isRunning(), answers()]).toEqual([true, 0]);
  await lookFor(200);
  expect([await isRunning(), answers()]).toEqual([false, 1]);
});

it('a no is asked about again at each look', async () => {
  const { isRunning, answers } = asked(0, { everyMs: 2_000 }, 0);
  for (let look = 0; look < 3; look += 1) expect(await isRunning()).toBe(false);
  expect(answers()).toBe(3);
});
