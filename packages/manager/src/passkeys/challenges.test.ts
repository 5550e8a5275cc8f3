import { systemRandom } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { CHALLENGE_MS, createChallenges } from './challenges.ts';

const clock = new ManualClock(0);
const fresh = () => createChallenges({ clock, random: systemRandom });

it('a challenge is good for its purpose until its end', async () => {
  const challenges = fresh();
  const one = challenges.make('sign-in');
  expect(challenges.isGood(one, 'sign-in')).toBe(true);
  expect(challenges.isGood(one, 'add a')).toBe(false);
  expect(challenges.isGood(challenges.make('step-up a'), 'step-up b')).toBe(false);
  await clock.advance(CHALLENGE_MS - 1);
  expect(challenges.isGood(one, 'sign-in')).toBe(true);
  await clock.advance(1);
  expect(challenges.isGood(one, 'sign-in')).toBe(false);
});

it.each(['', 'A', 'A'.repeat(59), `${fresh().make('sign-in')}A`, fresh().make('sign-in')])(
  'is not any text: %j',
  (text) => {
    expect(fresh().isGood(text, 'sign-in')).toBe(false);
  },
);

it('with any other bit is none', () => {
  const challenges = fresh();
  const bytes = Buffer.from(challenges.make('sign-in'), 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    const other = Buffer.from(bytes);
    other[at] = (other[at] ?? 0) ^ 0x80;
    expect(challenges.isGood(other.toString('base64url'), 'sign-in')).toBe(false);
  }
});

it('is used once, and takes those before it along, for one passkey alone', async () => {
  const challenges = fresh();
  const [first, second] = [challenges.make('sign-in'), challenges.make('sign-in')];
  expect(challenges.use(second, 'one')).toBe(true);
  expect([challenges.use(second, 'one'), challenges.use(first, 'one')]).toEqual([false, false]);
  expect(challenges.use(first, 'other')).toBe(true);
  // What is forgotten meanwhile is over by then.
  await clock.advance(CHALLENGE_MS);
  expect(challenges.isGood(second, 'sign-in')).toBe(false);
  expect(challenges.use(challenges.make('sign-in'), 'one')).toBe(true);
});
