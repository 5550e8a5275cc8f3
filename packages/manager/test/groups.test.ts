import {
  type GroupDeleted,
  type GroupHostsChanged,
  type GroupMembers,
  type Host,
  type HostGroup,
  type HostList,
  type JoinToken,
  MAX_GROUPS,
  MAX_GROUPS_OF_HOST,
} from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost, renew } from './agents.ts';
import { joinedByToken, joinedHost } from './joined-host.ts';
import { dataOf } from './known-host.ts';
import { startWorld, TESTER, type World } from './world.ts';

let world: World;
let secret: string;
beforeAll(async () => {
  world = await startWorld();
  secret = (await world.admin('/api-tokens', { name: 'groups', role: 'operator' })).json().data.secret;
});
afterAll(() => world[Symbol.asyncDispose]());

/** Calls over TLS, as a program that an operator gave a token. */
const over = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
  world.call({
    method,
    path: `/api/v1${path}`,
    headers: { authorization: `Bearer ${secret}` },
    ...(body === undefined ? {} : { body }),
  });

let count = 0;
/** A group that no other test has, with these hosts. */
async function group(...hosts: readonly { readonly fqdn: string }[]): Promise<string> {
  count += 1;
  const name = `group-${count}`;
  expect((await over('POST', '/groups', { name })).status).toBe(200);
  if (hosts.length > 0) expect((await add(name, hosts.map(({ fqdn }) => fqdn).join(','))).status).toBe(200);
  return name;
}
const add = (name: string, hosts: string) => over('POST', `/groups/${name}/add`, { hosts });
const remove = (name: string, hosts: string) => over('POST', `/groups/${name}/remove`, { hosts });
const shown = async (name: string, query = '') =>
  dataOf<GroupMembers>(await over('GET', `/groups/${name}${query}`));
const groupsOf = async ({ fqdn }: { readonly fqdn: string }) =>
  dataOf<Host>(await over('GET', `/hosts/${fqdn}`)).groups;
const ask = (hosts: string) => over('GET', `/hosts?hosts=${encodeURIComponent(hosts)}`);
const chosen = async (hosts: string) => dataOf<HostList>(await ask(hosts)).hosts.map(({ fqdn }) => fqdn);
const faultOf = ({ status, text }: { readonly status: number; readonly text: string }) => {
  const { error } = JSON.parse(text) as { error: { code: string; message: string } };
  return [status, error.code, error.message];
};

/** Records about a group since it was made, without its calls. */
async function audited(name: string) {
  const rows = await world.database.db.selectFrom('audit').selectAll().orderBy('seq').execute();
  return rows
    .filter(({ event }) => event.startsWith('group_'))
    .map(({ actor, event, fields }) => ({ actor, event, ...(JSON.parse(fields) as { group: string }) }))
    .filter((row) => row.group === name);
}

/** Writes down that a host left, as it does itself. */
const letLeave = ({ fqdn }: { readonly fqdn: string }) =>
  world.database.db
    .updateTable('hosts')
    .set({ left_at: world.clock.now() })
    .where('fqdn', '=', fqdn)
    .execute();

describe('a group', () => {
  it('is made without hosts, gets and loses them, and is deleted without them, each step on record', async () => {
    const [one, two] = [await joinedHost(world), await joinedHost(world)];
    const both = [one.fqdn, two.fqdn].toSorted();
    const made = await over('POST', '/groups', { name: 'Berlin.web-1', description: 'Rack 3, ask Ada' });
    expect(dataOf<HostGroup>(made)).toEqual({
      name: 'Berlin.web-1',
      description: 'Rack 3, ask Ada',
      hosts: 0,
      left: 0,
      created_at: new Date(world.clock.now()).toISOString(),
      created_by: 'api-token:groups',
    });
    const put = dataOf<GroupHostsChanged>(await add('berlin.WEB-1', `${one.fqdn},${two.fqdn}`));
    expect([put.changed, put.unchanged, put.group.hosts]).toEqual([2, 0, 2]);
    expect(await shown('berlin.web-1')).toMatchObject({ hosts: both.map((fqdn) => ({ fqdn })), total: 2 });
    expect(await groupsOf(one)).toEqual(['Berlin.web-1']);
    const again = dataOf<GroupHostsChanged>(await add('Berlin.web-1', one.fqdn));
    expect([again.changed, again.unchanged]).toEqual([0, 1]);
    const taken = dataOf<GroupHostsChanged>(await remove('Berlin.web-1', both.join(',')));
    expect([taken.changed, taken.unchanged, taken.group.hosts]).toEqual([2, 0, 0]);
    await add('Berlin.web-1', two.fqdn);
    const gone = dataOf<GroupDeleted>(await over('DELETE', '/groups/Berlin.web-1'));
    expect([gone.group.name, gone.group.hosts, gone.join_tokens]).toEqual(['Berlin.web-1', 1, 0]);
    expect(await groupsOf(two)).toEqual([]);
    expect((await over('GET', '/groups/Berlin.web-1')).status).toBe(404);
    const actor = 'api-token:groups';
    expect(await audited('Berlin.web-1')).toEqual([
      { actor, event: 'group_created', group: 'Berlin.web-1', description: 'Rack 3, ask Ada' },
      { actor, event: 'group_hosts_added', group: 'Berlin.web-1', hosts: both },
      { actor, event: 'group_hosts_removed', group: 'Berlin.web-1', hosts: both },
      { actor, event: 'group_hosts_added', group: 'Berlin.web-1', hosts: [two.fqdn] },
      { actor, event: 'group_hosts_removed', group: 'Berlin.web-1', hosts: [two.fqdn] },
      { actor, event: 'group_deleted', group: 'Berlin.web-1', hosts: 1, left: 0, join_tokens: 0 },
    ]);
  });

  it('is named and described otherwise with its hosts in it, and not on record where nothing changes', async () => {
    const host = await joinedHost(world);
    const name = await group(host);
    const change = (of: string, body: object) => over('PUT', `/groups/${of}`, body);
    const renamed = dataOf<HostGroup>(await change(name, { name: `${name}-new`, description: 'New' }));
    expect([renamed.name, renamed.description, renamed.hosts]).toEqual([`${name}-new`, 'New', 1]);
    await change(`${name}-new`, { name: `${name}-new`, description: 'New' });
    // Only the case.
    expect(dataOf<HostGroup>(await change(`${name}-new`, { name: `${name}-NEW` })).name).toBe(`${name}-NEW`);
    expect(dataOf<HostGroup>(await change(`${name}-new`, { description: null })).description).toBeNull();
    expect(await chosen(`@group:${name}-new`)).toEqual([host.fqdn]);
    expect(faultOf(await ask(`@group:${name}`))[1]).toBe('GROUP_NOT_FOUND');
    expect([...(await audited(`${name}-new`)), ...(await audited(`${name}-NEW`))]).toMatchObject([
      { event: 'group_changed', previous_name: name, description: 'New' },
      { event: 'group_changed', previous_name: `${name}-new`, description: 'New' },
      { event: 'group_changed', description: null },
    ]);
  });

  it.each([
    [{ name: '' }],
    [{ name: 'a b' }],
    [{ name: 'a,b' }],
    [{ name: 'a+b' }],
    [{ name: 'web*' }],
    [{ name: '@web' }],
    [{ name: 'group:web' }],
    [{ name: '../web' }],
    [{ name: '-web' }],
    [{ name: 'wéb' }],
    [{ name: 'a\u001b[31m' }],
    [{ name: 'n'.repeat(64) }],
    [{ name: 1 }],
    [{ name: 'web', description: 'two\nlines' }],
    [{ name: 'web', description: '' }],
    [{ name: 'web', description: 'd'.repeat(201) }],
    [{ name: 'web', hosts: '@all' }],
    [{}],
  ])('is not %j', async (body) => {
    expect(faultOf(await over('POST', '/groups', body)).slice(0, 2)).toEqual([400, 'INVALID_REQUEST']);
  });

  it('may be called as members that every object has', async () => {
    const host = await joinedHost(world);
    await over('POST', '/groups', { name: 'constructor' });
    await add('constructor', host.fqdn);
    expect([await groupsOf(host), await chosen('@group:Constructor')]).toEqual([
      ['constructor'],
      [host.fqdn],
    ]);
  });

  it('has a name that no other has, whatever its case, also of two who make it at once', async () => {
    const name = await group();
    expect(faultOf(await over('POST', '/groups', { name: name.toUpperCase() }))).toEqual([
      409,
      'GROUP_CONFLICT',
      `There is a group ${name} already, and no two differ by case alone. Nothing was changed.`,
    ]);
    const other = await group();
    expect(faultOf(await over('PUT', `/groups/${other}`, { name })).slice(0, 2)).toEqual([
      409,
      'GROUP_CONFLICT',
    ]);
    const both = await Promise.all(['twice', 'TWICE'].map((one) => over('POST', '/groups', { name: one })));
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(both.filter(({ status }) => status === 409)).toHaveLength(1);
    expect((await audited('twice')).length + (await audited('TWICE')).length).toBe(1);
  });

  it.each([
    ['GET', '/groups/nobody', undefined],
    ['PUT', '/groups/nobody', { description: 'x' }],
    ['DELETE', '/groups/nobody', undefined],
    ['POST', '/groups/nobody/add', { hosts: '@all' }],
    ['POST', '/groups/nobody/remove', { hosts: '@all' }],
    ['GET', '/groups/%2e%2e%2fhosts', undefined],
  ] as const)('that there is not is not found by %s %s', async (method, path, body) => {
    const [status, code, message] = faultOf(await over(method, path, body));
    expect([status, code]).toEqual([404, 'GROUP_NOT_FOUND']);
    expect(message).toMatch(/^There is no group (nobody|\.\.\/hosts)\. Nothing was done\. "linux-patch/);
  });
});

describe('@group', () => {
  it('means the hosts in it, together with other words, and never those that left', async () => {
    const [one, two, three] = [await joinedHost(world), await joinedHost(world), await joinedHost(world)];
    const [web, all] = [await group(one, two), await group(one, two, three)];
    expect(await chosen(`@group:${web.toUpperCase()}`)).toEqual([one.fqdn, two.fqdn].toSorted());
    expect(await chosen(`@group:${web},${three.fqdn}`)).toEqual([one.fqdn, two.fqdn, three.fqdn].toSorted());
    expect(await chosen(`@group:${all}+@group:${web}+${one.fqdn}`)).toEqual([one.fqdn]);
    expect(await chosen(`@group:${all} + @unknown`)).toHaveLength(3);
    await letLeave(two);
    expect(await chosen(`@group:${web}`)).toEqual([one.fqdn]);
  });

  it('is an error where the group has no host, and another where there is none', async () => {
    const name = await group();
    expect(faultOf(await ask(`@group:${name}`))).toEqual([
      404,
      'HOST_NOT_FOUND',
      `@group:${name} means no host now. Nothing was done.`,
    ]);
    for (const nothing of ['@group:nobody', '@all,@group:nobody', '@all+@group:nobody', '@group:a=b'])
      expect(faultOf(await ask(nothing)).slice(0, 2)).toEqual([404, 'GROUP_NOT_FOUND']);
    expect(faultOf(await ask('@group:'))[1]).toBe('GROUP_NOT_FOUND');
    expect(faultOf(await ask('@group'))).toEqual([
      400,
      'INVALID_REQUEST',
      expect.stringMatching(/@group means nothing: .* @group:NAME for those in that group, or @saved:NAME/),
    ]);
  });

  it('chooses hosts that are put into another group, all or none of them', async () => {
    const [one, two] = [await joinedHost(world), await joinedHost(world)];
    const [from, to] = [await group(one, two), await group()];
    expect(faultOf(await add(to, `@group:${from},nobody`)).slice(0, 2)).toEqual([404, 'HOST_NOT_FOUND']);
    expect((await shown(to)).total).toBe(0);
    expect(dataOf<GroupHostsChanged>(await add(to, `@group:${from}`)).changed).toBe(2);
    expect(dataOf<GroupHostsChanged>(await remove(to, `${one.fqdn}`)).group.hosts).toBe(1);
    expect((await shown(from)).total).toBe(2);
  });
});

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
    await letLeave(one);
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
    await letLeave(host);
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

describe('many hosts and groups', () => {
  it('go into a group and out of it in one call, which records name a hundred at a time', async () => {
    const many = 10_000;
    const { db } = world.database;
    const nameOf = (number: number) => `many${String(number).padStart(5, '0')}.example.net`;
    const rows = Array.from({ length: many }, (_, number) => ({
      id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      fqdn: nameOf(number),
      hostname: null,
      machine_id: `m${number}`,
      ip_address: `10.9.${number >> 8}.${number & 255}`,
      agent_port: 12_443,
      os_details: '{}',
      key_origin: 'host' as const,
      created_at: 1,
      last_seen_at: null,
      last_error: null,
      left_at: null,
      note: null,
    }));
    for (let from = 0; from < many; from += 1_000)
      await db
        .insertInto('hosts')
        .values(rows.slice(from, from + 1_000))
        .execute();
    const name = await group();
    const put = dataOf<GroupHostsChanged>(await add(name, 'many*'));
    expect([put.changed, put.unchanged, put.group.hosts]).toEqual([many, 0, many]);
    const page = await shown(name, '?limit=2&offset=9998');
    expect([page.hosts.map(({ fqdn }) => fqdn), page.total]).toEqual([[nameOf(9_998), nameOf(9_999)], many]);
    expect((await shown(name)).hosts).toHaveLength(100);
    expect(dataOf<GroupHostsChanged>(await add(name, 'many*'))).toMatchObject({
      changed: 0,
      unchanged: many,
    });
    expect(await chosen(`@group:${name}+many0000?.*`)).toHaveLength(10);
    expect(dataOf<GroupDeleted>(await over('DELETE', `/groups/${name}`)).group.hosts).toBe(many);
    const named = (await audited(name)).map((row) => [row.event, 'hosts' in row ? row.hosts : undefined]);
    const added = named.filter(([event]) => event === 'group_hosts_added').map(([, hosts]) => hosts);
    expect([added.length, added.flat()]).toEqual([100, rows.map(({ fqdn }) => fqdn)]);
    expect(named.filter(([event]) => event === 'group_hosts_removed')).toHaveLength(100);
    await db.deleteFrom('hosts').where('fqdn', 'like', 'many%').execute();
  });

  it(`are ${MAX_GROUPS} groups at most`, async () => {
    const { db } = world.database;
    const { total } = dataOf<{ total: number }>(await over('GET', '/groups'));
    const rows = Array.from({ length: MAX_GROUPS - total }, (_, number) => ({
      id: `filler-${number}`,
      name: `filler-${number}`,
      description: null,
      created_at: 1,
      created_by: TESTER,
    }));
    await db.insertInto('host_groups').values(rows).execute();
    expect(faultOf(await over('POST', '/groups', { name: 'one-more' }))).toEqual([
      409,
      'GROUP_CONFLICT',
      expect.stringMatching(/^There are 500 groups, and there may be no more\. Nothing was made/),
    ]);
    expect((await over('DELETE', '/groups/filler-0')).status).toBe(200);
    expect((await over('POST', '/groups', { name: 'one-more' })).status).toBe(200);
  });
});
