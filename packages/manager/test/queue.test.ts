import { expect, it } from 'vitest';
import { newAgent, newOlderAgent } from './agents.ts';
import { startWorld } from './world.ts';

const ASKING = { requests_per_minute: 100_000, allow_legacy_agents: true };

it('one address fills at most half of the queue, and everybody else still gets a place', async () => {
  await using world = await startWorld({ enrollment: { ...ASKING, max_pending: 6 } });
  const waiting = newOlderAgent(world);
  await waiting.register({ localAddress: '127.0.0.9' });
  await waiting.poll();
  for (let number = 0; number < 12; number += 1) {
    const answer = await newOlderAgent(world).register({ localAddress: '127.0.0.10' });
    expect(answer.status).toBe(202);
  }
  for (const localAddress of ['127.0.0.11', '127.0.0.12', '127.0.0.13', '127.0.0.14'])
    expect((await newOlderAgent(world).register({ localAddress })).status).toBe(202);
  const { enrollments } = (await world.admin('/enrollments')).json().data;
  const from = (address: string) => enrollments.filter((one) => one.observed_address === address).length;
  expect([enrollments.length, from('127.0.0.10'), from('127.0.0.9')]).toEqual([6, 1, 1]);
  expect((await waiting.poll()).json()).toEqual({ status: 'pending' });
});

it('of the requests of one address those go first that nobody waits for', async () => {
  await using world = await startWorld({ enrollment: { ...ASKING, max_pending: 4 } });
  const [patient, silent] = [await newAgent(world), await newAgent(world)];
  await patient.register();
  await patient.poll();
  await silent.register();
  await (await newAgent(world)).register();
  expect((await patient.poll()).json()).toEqual({ status: 'pending' });
  expect((await silent.poll()).json()).toEqual({ status: 'notfound' });
});

it('a full queue of hosts that all wait takes nobody else', async () => {
  await using world = await startWorld({ enrollment: { ...ASKING, max_pending: 2 } });
  for (const localAddress of ['127.0.0.11', '127.0.0.12']) {
    const agent = newOlderAgent(world);
    await agent.register({ localAddress });
    await agent.poll();
  }
  const late = await newOlderAgent(world).register({ localAddress: '127.0.0.13' });
  expect([late.status, late.headers['retry-after']]).toEqual([429, '300']);
  await world.advance(25 * 3_600_000);
  expect((await newOlderAgent(world).register()).status).toBe(202);
});
