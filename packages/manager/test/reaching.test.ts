import type { Host } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

const hostNow = async (fqdn: string) => (await world.admin(`/hosts/${fqdn}`)).json().data as unknown as Host;
const stateOf = async (fqdn: string) => (await hostNow(fqdn)).identity.state;

describe('a host that has joined', () => {
  it('is called well only when the manager has reached it, which it tries within seconds', async () => {
    await using host = await joinListening(world);
    expect((await hostNow(host.fqdn)).identity).toMatchObject({
      state: 'unreached',
      message: expect.stringContaining('was not asked yet'),
    });
    await world.advance(6_000);
    await expect.poll(() => stateOf(host.fqdn)).toBe('ok');
  });

  it('and cannot be reached says why, and is tried again until it can', async () => {
    await using host = await joinListening(world, false);
    await world.advance(6_000);
    await expect
      .poll(async () => (await hostNow(host.fqdn)).identity.message)
      .toMatch(/never reached: .*nothing listens there.*firewalls/);
    expect(await stateOf(host.fqdn)).toBe('unreached');
    await host.wake();
    await world.advance(6_000);
    await expect.poll(() => stateOf(host.fqdn)).toBe('ok');
  });
});

it('a manager that was started again asks its fleet within seconds, not after its whole interval', async () => {
  await using host = await joinListening(world);
  await world.advance(6_000);
  await expect.poll(() => stateOf(host.fqdn)).toBe('ok');
  const before = host.asked.length;
  await world.restart();
  await world.advance(6_000);
  await world.advance(6_000);
  await world.advance(6_000);
  await expect.poll(() => host.asked.length).toBeGreaterThan(before);
});
