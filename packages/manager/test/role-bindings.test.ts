import type { ApiToken, GroupDeleted, OwnSession, Person } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundCaller } from './bound-callers.ts';
import { signIn } from './browser.ts';
import { joinedHost } from './joined-host.ts';
import { dataOf } from './known-host.ts';
import { faultOf } from './operator.ts';
import { audited, changePerson, PASSWORD } from './signed-people.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const name of ['Web', 'db']) await world.admin('/groups', { name });
});
afterAll(() => world[Symbol.asyncDispose]());

const make = (name: string, wish: object) => world.admin('/people', { name, password: PASSWORD, ...wish });
const shown = async (name: string) => {
  const { people } = dataOf<{ people: readonly Person[] }>(await world.admin('/people'));
  return people.find((one) => one.name === name);
};
const rows = () => world.database.db.selectFrom('role_bindings').selectAll().execute();

describe('roles of a person for some hosts', () => {
  it('are given with the person, shown by everybody who may see people, and on record', async () => {
    const bindings = [
      { role: 'operator', on: '@group:web' },
      { role: 'viewer', on: '@env=test' },
      { role: 'operator', on: '@group:WEB' },
    ];
    // As the group is called, each once, in order.
    const given = [
      { role: 'viewer', on: '@env=test' },
      { role: 'operator', on: '@group:Web' },
    ];
    const made = await make('ada', { role: 'none', bindings });
    expect(dataOf<Person>(made)).toMatchObject({ role: 'none', bindings: given });
    expect(await shown('ada')).toMatchObject({ role: 'none', bindings: given });
    const ada = await signIn(world, { name: 'ada', password: PASSWORD });
    const own = dataOf<OwnSession>(await ada.get('/api/v1/session'));
    expect([own.person.bindings, own.permissions]).toEqual([given, []]);
    expect(own.bound.map(({ on, permissions }) => [on, permissions.includes('hosts:patch')])).toEqual([
      ['@env=test', false],
      ['@group:Web', true],
    ]);
    expect((await audited(world, 'person_created')).at(-1)).toMatchObject({ person: 'ada', bindings: given });
  });

  it('are for what people and join tokens set, and for nothing that a host says of itself', async () => {
    for (const on of [
      '@all',
      '@behind',
      '@reboot',
      '@unknown',
      '@saved:due',
      'web1',
      'web*',
      '@os:debian',
      '',
    ])
      expect(
        faultOf(await make('eve', { role: 'none', bindings: [{ role: 'viewer', on }] })).slice(0, 2),
      ).toEqual([400, 'INVALID_REQUEST']);
    const many = Array.from({ length: 51 }, (_, at) => ({ role: 'viewer', on: `@rack=r${at}` }));
    expect((await make('eve', { role: 'none', bindings: many })).status).toBe(400);
    expect((await make('eve', { role: 'none' })).text).toContain('names nothing that they may do');
    const unknown = await make('eve', {
      role: 'viewer',
      bindings: [{ role: 'viewer', on: '@group:nowhere' }],
    });
    expect(faultOf(unknown).slice(0, 2)).toEqual([404, 'GROUP_NOT_FOUND']);
    expect(await shown('eve')).toBeUndefined();
  });

  it('are replaced whole, which signs the person out; what is so already changes nothing', async () => {
    await make('bob', { role: 'viewer', bindings: [{ role: 'operator', on: '@group:db' }] });
    const bob = await signIn(world, { name: 'bob', password: PASSWORD });
    const given = [{ role: 'operator', on: '@group:Web' }];
    expect((await changePerson(world, 'bob', { role: 'viewer' })).status).toBe(200);
    expect((await bob.get('/api/v1/session')).status).toBe(200);
    const changed = dataOf<Person>(await changePerson(world, 'bob', { bindings: given }));
    expect([changed.role, changed.bindings]).toEqual(['viewer', given]);
    expect((await bob.get('/api/v1/session')).status).toBe(401);
    expect((await audited(world, 'person_changed')).at(-1)).toMatchObject({
      person: 'bob',
      bindings: given,
      previous_bindings: [{ role: 'operator', on: '@group:db' }],
      sessions: 1,
    });
    const before = (await audited(world, 'person_changed')).length;
    await changePerson(world, 'bob', { bindings: given });
    expect(await audited(world, 'person_changed')).toHaveLength(before);
    expect(dataOf<Person>(await changePerson(world, 'bob', { bindings: [] })).bindings).toEqual([]);
  });

  it('stay as they were where a group that is named is none', async () => {
    const given = [{ role: 'viewer', on: '@group:db' }];
    await make('cleo', { role: 'none', bindings: given });
    const wish = { role: 'admin', bindings: [...given, { role: 'admin', on: '@group:nowhere' }] };
    expect((await changePerson(world, 'cleo', wish)).status).toBe(404);
    expect(await shown('cleo')).toMatchObject({ role: 'none', bindings: given });
  });

  it('are gone with the person', async () => {
    await make('dan', { role: 'none', bindings: [{ role: 'viewer', on: '@env=dan' }] });
    await world.remove('/people/dan');
    expect((await rows()).filter(({ label_value }) => label_value === 'dan')).toEqual([]);
  });

  it('let somebody signed in meet their hosts and no others', async () => {
    const [mine, other] = [await joinedHost(world), await joinedHost(world)];
    await world.admin('/groups/web/add', { hosts: mine.fqdn });
    await make('fay', { role: 'none', bindings: [{ role: 'operator', on: '@group:web' }] });
    const fay = await signIn(world, { name: 'fay', password: PASSWORD });
    const { hosts } = (await fay.get('/api/v1/hosts')).json().data;
    expect(hosts.map(({ fqdn }) => fqdn)).toEqual([mine.fqdn]);
    const note = (fqdn: string) => fay.send('PUT', `/api/v1/hosts/${fqdn}`, { note: 'x' });
    expect([(await note(mine.fqdn)).status, (await note(other.fqdn)).status]).toEqual([200, 404]);
    expect((await fay.get('/api/v1/enrollments')).status).toBe(403);
  });
});

describe('roles of an API token for some hosts', () => {
  it('are given with it, shown, on record, and forgotten with it', async () => {
    const bindings = [{ role: 'operator', on: '@env=ci' }];
    await world.admin('/api-tokens', { name: 'ci', role: 'none', bindings });
    const { api_tokens: all } = dataOf<{ api_tokens: readonly ApiToken[] }>(await world.admin('/api-tokens'));
    expect(all.find(({ name }) => name === 'ci')).toMatchObject({ role: 'none', bindings });
    expect((await audited(world, 'api_token_created')).at(-1)).toMatchObject({ name: 'ci', bindings });
    await world.database.db.deleteFrom('api_tokens').where('name', '=', 'ci').execute();
    expect((await rows()).filter(({ label_value }) => label_value === 'ci')).toEqual([]);
  });

  it('are nothing without a role and without one for some hosts', async () => {
    const nothing = await world.admin('/api-tokens', { name: 'nothing', role: 'none' });
    expect(nothing.text).toContain('names nothing that they may do');
  });
});

describe('a group that is deleted', () => {
  it('takes its roles with it, and says how many; under another name it keeps them', async () => {
    await world.admin('/groups', { name: 'passing' });
    await make('gus', { role: 'none', bindings: [{ role: 'admin', on: '@group:passing' }] });
    await boundCaller(world, [['viewer', '@group:passing']]);
    await world.local({ method: 'PUT', path: '/api/v1/groups/passing', body: { name: 'renamed' } });
    expect((await shown('gus'))?.bindings).toEqual([{ role: 'admin', on: '@group:renamed' }]);
    expect(dataOf<GroupDeleted>(await world.remove('/groups/renamed')).role_bindings).toBe(2);
    expect(await shown('gus')).toMatchObject({ role: 'none', bindings: [] });
    expect((await audited(world, 'group_deleted')).at(-1)).toMatchObject({ role_bindings: 2 });
  });
});

describe('hosts that are looked up for an act', () => {
  it('are refused whole when it may not be done to one of them', async () => {
    const [mine, other] = [await joinedHost(world), await joinedHost(world)];
    await world.local({
      method: 'PUT',
      path: `/api/v1/hosts/${mine.fqdn}/labels`,
      body: { set: { team: 'hal' } },
    });
    const hal = await boundCaller(world, [['operator', '@team=hal']], 'viewer');
    const ask = (hosts: string, may: string) =>
      hal.call('GET', `/hosts?hosts=${encodeURIComponent(hosts)}&may=${may}`);
    expect((await ask('@team=hal', 'hosts:patch')).status).toBe(200);
    expect((await ask('@all', 'hosts:read')).status).toBe(200);
    const refused = faultOf(await ask(`${mine.fqdn},${other.fqdn}`, 'hosts:patch'));
    expect(refused).toEqual([
      403,
      'FORBIDDEN',
      `Your role does not reach 1 of the 2 hosts that are meant: ${other.fqdn}. Nothing was done, to none of them.`,
    ]);
    expect((await ask('@team=hal', 'hosts:remove')).status).toBe(403);
    expect((await ask('@all', 'people:manage')).status).toBe(400);
  });
});
