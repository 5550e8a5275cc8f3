import type { Host } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld } from './world.ts';

it('asks all who joined at one time within seconds, and not only as many as it asks at once', async () => {
  await using world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60, concurrency: 1 } });
  await using one = await joinListening(world);
  await using two = await joinListening(world);
  await using three = await joinListening(world);
  const states = async () => {
    const { hosts } = (await world.admin('/hosts')).json().data as unknown as { readonly hosts: Host[] };
    return hosts.map(({ fqdn, identity }) => [fqdn, identity.state]);
  };
  const names = [one, two, three].map(({ fqdn }) => fqdn).sort();
  expect(await states()).toEqual(names.map((fqdn) => [fqdn, 'unreached']));
  await world.atRest();
  await world.advance(5_000);
  await expect.poll(states).toEqual(names.map((fqdn) => [fqdn, 'ok']));
});
