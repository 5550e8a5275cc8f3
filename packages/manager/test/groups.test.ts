import { type GroupDeleted, type GroupHostsChanged, type HostGroup, MAX_GROUPS } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupCalls, letLeave } from './group-calls.ts';
import { joinedHost } from './joined-host.ts';
import { dataOf } from './known-host.ts';
import { faultOf } from './operator.ts';
import { startWorld, TESTER, type World } from './world.ts';

let world: World;
const { open, over, ask, chosen, group, add, remove, shown, groupsOf, audited } = groupCalls();
beforeAll(async () => {
  world = await startWorld();
  await open(world);
});
afterAll(() => world[Symbol.asyncDispose]());

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
    await letLeave(world, two);
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
