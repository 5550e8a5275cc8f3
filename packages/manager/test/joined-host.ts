import type { CreateJoinToken, JoinToken } from '@linux-patch/contract';
import { expect } from 'vitest';
import { type HostFacts, newAgent, newHost, serialOf } from './agents.ts';
import { dataOf } from './known-host.ts';
import type { World } from './world.ts';

/** A host that a person let in by its code. */
export async function joinedHost(world: World, facts: HostFacts = newHost()) {
  const agent = await newAgent(world, { facts });
  const bundle = await agent.join();
  await agent.acknowledge(serialOf(bundle.server_crt));
  return { fqdn: facts.fqdn, facts, bundle, agent };
}

/** A host that a join token let in, which says this of its hosts. */
export async function joinedByToken(world: World, wish: CreateJoinToken, facts: HostFacts = newHost()) {
  const made = dataOf<{ join_string: string; token: JoinToken }>(await world.admin('/tokens', wish));
  const agent = await newAgent(world, { joinString: made.join_string, facts });
  expect((await agent.register()).json().ext.token).toBe('accepted');
  const bundle = (await agent.poll()).json();
  await agent.acknowledge(serialOf(bundle.server_crt));
  return { fqdn: facts.fqdn, facts, bundle, agent, joinString: made.join_string, token: made.token };
}
