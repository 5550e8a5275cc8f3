import { isPatchError } from '@linux-patch/contract';
import { ManualClock, seededRandom } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { type Candidate, createThrottle, type Throttle } from './throttle.ts';

const MINUTE_MS = 60_000;
const ADA: Candidate = { name: 'ada', address: '192.0.2.1', device: undefined };

function start() {
  const clock = new ManualClock(0);
  return { clock, throttle: createThrottle(clock) };
}

/** Seconds to wait; 0 for who was let in. */
function waitOf(throttle: Throttle, candidate: Candidate): number {
  try {
    throttle.begin(candidate);
    return 0;
  } catch (error) {
    if (isPatchError(error, 'RATE_LIMIT_EXCEEDED')) return Number(error.details['retry_after_seconds']);
    throw error;
  }
}

/** The waits of somebody who comes back as soon as they may, and is wrong each time. */
async function waits(
  { clock, throttle }: ReturnType<typeof start>,
  tries: number,
  candidate: (n: number) => Candidate,
) {
  const seconds: number[] = [];
  for (let number = 0; number < tries; number += 1) {
    const wait = waitOf(throttle, candidate(number));
    if (wait === 0) continue;
    seconds.push(wait);
    await clock.advance(wait * 1_000);
    expect(waitOf(throttle, candidate(number))).toBe(0);
  }
  return seconds;
}

describe('failed sign-ins', () => {
  it('of one name are slowed down after five, with delays that double to a quarter of an hour', async () => {
    const seconds = await waits(start(), 18, (n) => ({ ...ADA, address: `192.0.2.${n}` }));
    expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it('of one address are slowed down after twenty, of IPv6 of one /64', async () => {
    for (const address of [() => '192.0.2.1', (n: number) => `2001:db8::${n + 1}`]) {
      const seconds = await waits(start(), 24, (n) => ({ ...ADA, name: `nobody-${n}`, address: address(n) }));
      expect(seconds).toEqual([1, 2, 4, 8]);
    }
  });

  it('count while they are under way, however many come at once', () => {
    const { throttle } = start();
    const tries = Array.from({ length: 100 }, () => waitOf(throttle, ADA));
    expect(tries.filter((wait) => wait === 0)).toHaveLength(5);
  });

  it('are forgotten after a day without another', async () => {
    const { clock, throttle } = start();
    for (let n = 0; n < 5; n += 1) waitOf(throttle, ADA);
    expect(waitOf(throttle, ADA)).toBe(1);
    await clock.advance(24 * 60 * MINUTE_MS);
    for (let n = 0; n < 5; n += 1) expect(waitOf(throttle, ADA)).toBe(0);
  });

  it('of one name are forgotten when the person comes; what the address did to others is not', () => {
    const { throttle } = start();
    for (let n = 0; n < 19; n += 1) waitOf(throttle, { ...ADA, name: `nobody-${n}` });
    for (let n = 0; n < 5; n += 1) throttle.begin(ADA).succeeded();
    expect(waitOf(throttle, { ...ADA, name: 'eve' })).toBe(0);
    expect(waitOf(throttle, { ...ADA, name: 'eve' })).toBe(1);
  });

  it('that were none are taken back', () => {
    const { throttle } = start();
    for (let n = 0; n < 50; n += 1) throttle.begin(ADA).withdraw();
    expect(waitOf(throttle, ADA)).toBe(0);
  });

  it('that were none make nobody forget those that were', () => {
    const { throttle } = start();
    for (let n = 0; n < 5; n += 1) waitOf(throttle, ADA);
    for (let n = 0; n < 25_000; n += 1)
      throttle.begin({ ...ADA, name: `nobody-${n}`, address: '192.0.2.2' }).withdraw();
    expect(waitOf(throttle, { ...ADA, address: '192.0.2.3' })).toBe(1);
  });

  it('from a device that the person used before are slowed down there alone', () => {
    const { throttle } = start();
    const device = { ...ADA, device: 'stolen' };
    for (let n = 0; n < 5; n += 1) expect(waitOf(throttle, device)).toBe(0);
    expect(waitOf(throttle, device)).toBe(1);
    expect(waitOf(throttle, { ...ADA, device: 'own' })).toBe(0);
    expect(waitOf(throttle, ADA)).toBe(0);
  });
});

describe('whatever strangers try', () => {
  /** Names, addresses and moments as they come; among them those of the administrator. */
  async function attack({ clock, throttle }: ReturnType<typeof start>, seed: number): Promise<void> {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random.fraction() * limit);
    for (let step = 0; step < 1 + below(300); step += 1) {
      const name = below(3) === 0 ? `nobody-${below(50)}` : 'ada';
      const address = `192.0.2.${below(4)}`;
      waitOf(throttle, { name, address, device: undefined });
      if (below(4) === 0) await clock.advance(below(20 * MINUTE_MS));
    }
  }
  const seeds = Array.from({ length: 200 }, (_, seed) => seed);

  it('an administrator gets in at once where they signed in before', async () => {
    for (const seed of seeds) {
      const world = start();
      await attack(world, seed);
      expect([seed, waitOf(world.throttle, { ...ADA, device: 'known' })]).toEqual([seed, 0]);
    }
  });

  it('an administrator gets in from anywhere after a reset on the manager’s machine, also while it goes on', async () => {
    for (const seed of seeds) {
      const world = start();
      await attack(world, seed);
      world.throttle.open('ada');
      for (let n = 0; n < 50; n += 1) waitOf(world.throttle, { ...ADA, address: `192.0.2.${n % 4}` });
      expect([seed, waitOf(world.throttle, ADA)]).toEqual([seed, 0]);
    }
  });

  it('nobody waits longer than a quarter of an hour', async () => {
    for (const seed of seeds) {
      const world = start();
      await attack(world, seed);
      const wait = waitOf(world.throttle, ADA);
      expect(wait).toBeLessThanOrEqual(900);
      if (wait === 0) continue;
      await world.clock.advance(wait * 1_000);
      expect([seed, waitOf(world.throttle, ADA)]).toEqual([seed, 0]);
    }
  });

  it('the time after a reset ends when the person is in', async () => {
    const world = start();
    world.throttle.open('ada');
    for (let n = 0; n < 50; n += 1) waitOf(world.throttle, ADA);
    world.throttle.begin(ADA).succeeded();
    expect(await waits(world, 7, () => ADA)).toEqual([1, 2]);
  });

  it('the time after a reset ends', async () => {
    const world = start();
    world.throttle.open('ada');
    await world.clock.advance(10 * MINUTE_MS);
    expect(await waits(world, 7, () => ADA)).toEqual([1, 2]);
  });
});
