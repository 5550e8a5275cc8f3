import {
  type GroupDeleted,
  type GroupHostsChanged,
  type JoinToken,
  MAX_GROUPS_OF_HOST,
} from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost, renew } from './agents.ts';
import { groupCalls, letLeave } from './group-calls.ts';
import { joinedByToken, joinedHost } from './joined-host.ts';
import { dataOf } from './known-host.ts';
import { faultOf } from './operator.ts';
import { startWorld, type World } from './world.ts';

let world: World;
const { open, over, chosen, group, add, remove, shown, groupsOf, audited } = groupCalls();
beforeAll(async () => {
  world = await startWorld();
  await open(world);
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a host in groups', () => {
  it('stays in them when it renews, asks again with its code, or tells of another system', async () => {
    const host = await joinedHost(world);
    const { facts, bundle, agent } = host;
    const name = await group(host);
    const current = { certificateChainPem: bundle.server_crt, keyPem: agent.keyPem };
    expect((await renew(world, current)).status).toBe(200);
    const told = { ...facts, os_details: { distro: 'debian', version: '13', groups: [await group()] } };
    const anew = await newAgent(world, { facts: told });
    await anew.register();
    await anew.approve({ code: anew.code });
    expect((await anew.poll()).json().status).toBe('approved');
    expect(await groupsOf(host)).toEqual([name]);
  });

  it('is counted apart when it left, can be taken out, and is in them again when a person lets it in', async () => {
    const [one, two] = [await joinedHost(world), await joinedHost(world)];
    const [kept, lost] = [await group(one, two), await group(one)];
    await letLeave(world, one);
    expect((await shown(kept)).group).toMatchObject({ hosts: 1, left: 1 });
    expect((await shown(kept)).hosts.filter(({ left_at }) => left_at !== null)).toMatchObject([
      { fqdn: one.fqdn },
    ]);
    expect(faultOf(await add(kept, one.fqdn))[1]).toBe('HOST_NOT_FOUND');
    expect(dataOf<GroupHostsChanged>(await remove(lost, one.fqdn)).changed).toBe(1);
    const back = await newAgent(world, { facts: one.facts });
    await back.register();
    await back.approve({ code: back.code });
    expect(await groupsOf(one)).toEqual([kept]);
    expect(await chosen(`@group:${kept}`)).toEqual([one.fqdn, two.fqdn].toSorted());
  });

  it('goes out of them with its record', async () => {
    const host = await joinedHost(world);
    const name = await group(host);
    expect((await world.remove(`/hosts/${host.fqdn}`)).status).toBe(200);
    expect(await shown(name)).toMatchObject({ group: { hosts: 0, left: 0 }, hosts: [], total: 0 });
  });

  it(`is in ${MAX_GROUPS_OF_HOST} at most`, async () => {
    const [full, other] = [await joinedHost(world), await joinedHost(world)];
    for (let number = 0; number < MAX_GROUPS_OF_HOST; number += 1) await group(full);
    const name = await group();
    expect(faultOf(await add(name, `${other.fqdn},${full.fqdn}`))).toEqual([
      400,
      'INVALID_REQUEST',
      `${full.fqdn} would be in 33 groups; a host is in at most 32. Nothing was changed.`,
    ]);
    expect([(await shown(name)).total, (await audited(name)).length]).toEqual([0, 1]);
  });
});

describe('groups of a join token', () => {
  it('are those of the hosts that it lets in, also under another name since, by the word of who made it', async () => {
    const [first, second] = [await group(), await group()];
    const made = await world.admin('/tokens', { groups: [second, first.toUpperCase(), first], uses: 2 });
    const { token, join_string: joinString } = dataOf<{ token: JoinToken; join_string: string }>(made);
    expect(token.groups).toEqual([first, second]);
    await over('PUT', `/groups/${second}`, { name: `${second}-new` });
    expect(dataOf<JoinToken>(await world.admin(`/tokens/${token.id}`)).groups).toEqual([
      first,
      `${second}-new`,
    ]);
    const agent = await newAgent(world, { joinString });
    expect((await agent.register()).json().ext.token).toBe('accepted');
    expect(await groupsOf(agent.facts)).toEqual([first, `${second}-new`]);
    expect((await audited(first)).slice(1)).toEqual([
      {
        actor: `token:${token.id}`,
        event: 'group_hosts_added',
        group: first,
        hosts: [agent.facts.fqdn],
      },
    ]);
  });

  it('are all in which a host is that takes the name of one that left', async () => {
    const host = await joinedHost(world);
    const [governed, given] = [await group(host), await group()];
    await letLeave(world, host);
    const pose = { ...newHost(), fqdn: host.fqdn, hostname: host.facts.hostname };
    const { token } = await joinedByToken(world, { groups: [given] }, pose);
    expect(await groupsOf(host)).toEqual([given]);
    expect((await audited(governed)).at(-1)).toEqual({
      actor: `token:${token.id}`,
      event: 'group_hosts_removed',
      group: governed,
      hosts: [host.fqdn],
    });
  });

  it('change nothing that people did since, when the same host asks again', async () => {
    const [given, other] = [await group(), await group()];
    const { agent, joinString, fqdn } = await joinedByToken(world, { groups: [given] });
    await remove(given, fqdn);
    await add(other, fqdn);
    const again = await newAgent(world, { joinString, facts: agent.facts, keyPem: agent.keyPem });
    expect((await again.register()).json().ext.token).toBe('accepted');
    expect(await groupsOf({ fqdn })).toEqual([other]);
  });

  it('that are deleted let hosts in without them, as who deletes one is told', async () => {
    const [gone, kept] = [await group(), await group()];
    const made = await world.admin('/tokens', { groups: [gone, kept] });
    const { join_string: joinString } = dataOf<{ join_string: string }>(made);
    expect(dataOf<GroupDeleted>(await over('DELETE', `/groups/${gone}`)).join_tokens).toBe(1);
    // Another group of that name is not the one that was meant.
    await over('POST', '/groups', { name: gone });
    const agent = await newAgent(world, { joinString });
    expect((await agent.register()).json().ext.token).toBe('accepted');
    expect(await groupsOf(agent.facts)).toEqual([kept]);
    expect(dataOf<GroupDeleted>(await over('DELETE', `/groups/${kept}`)).join_tokens).toBe(0);
  });

  it.each([
    [['nobody'], 404],
    [['a b'], 400],
    ['web', 400],
    [Array.from({ length: MAX_GROUPS_OF_HOST + 1 }, (_, number) => `g${number}`), 400],
  ])('are not %j, and no token is made', async (groups, status) => {
    const before = dataOf<{ total: number }>(await world.admin('/tokens')).total;
    expect((await world.admin('/tokens', { groups })).status).toBe(status);
    expect(dataOf<{ total: number }>(await world.admin('/tokens')).total).toBe(before);
  });
});
