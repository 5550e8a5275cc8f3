import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { IdentityProvider } from './identity-provider.ts';
import { enterByOidc, newOidcPerson, openOidcWorld, tryOidc, visitor } from './oidc-people.ts';
import { faultOf } from './operator.ts';
import { audited, newPerson } from './signed-people.ts';
import type { World } from './world.ts';

const stack = new AsyncDisposableStack();
let world: World;
let provider: IdentityProvider;
beforeAll(async () => {
  const groups = { admin_groups: ['patch-admins'], operator_groups: ['patch-operators', 'on-call'] };
  ({ world, provider } = stack.use(await openOidcWorld(groups)));
});
afterAll(() => stack.disposeAsync());
afterEach(() => provider.beHonest());

describe('groups of the identity provider', () => {
  it('let their people in with their role, under the name they have there', async () => {
    const groups = ['everybody', 'on-call'];
    provider.people.set('sub-1', { preferred_username: 'Ada@Example.org', groups });
    const { answer } = await enterByOidc(world, provider, visitor('sub-1'));
    expect(answer.json().data.person).toMatchObject({
      name: 'ada@example.org',
      role: 'operator',
      created_by: 'identity-provider',
      oidc: { subject: 'sub-1' },
    });
    expect((await audited(world, 'person_created')).at(-1)).toMatchObject({
      actor: 'identity-provider',
      person: 'ada@example.org',
      role: 'operator',
      subject: 'sub-1',
    });
  });

  it('give the most of several roles, and decide anew at each sign-in', async () => {
    const set = (...groups: string[]) =>
      provider.people.set('sub-2', { preferred_username: 'grace', groups });
    set('patch-operators', 'patch-admins');
    const first = await enterByOidc(world, provider, visitor('sub-2'));
    expect(first.answer.json().data.person.role).toBe('admin');
    set('patch-operators');
    const second = await enterByOidc(world, provider, visitor('sub-2'));
    expect(second.answer.json().data.person).toMatchObject({ name: 'grace', role: 'operator' });
    expect((await first.get('/api/v1/session')).status).toBe(401);
    set();
    expect(faultOf(await tryOidc(world, provider, visitor('sub-2')))).toEqual([
      401,
      'UNAUTHORIZED',
      expect.stringContaining('none of their groups has a role'),
    ]);
    expect((await second.get('/api/v1/session')).status).toBe(401);
    expect((await audited(world, 'person_changed')).at(-1)).toMatchObject({
      actor: 'identity-provider',
      person: 'grace',
      role: 'none',
      previous_role: 'operator',
    });
  });

  it.each<[string, object, RegExp]>([
    ['no groups', {}, /claim groups is missing/],
    ['a group that has no role', { groups: ['everybody'] }, /none of their groups/],
    ['groups that are no list', { groups: { admin: 'patch-admins' } }, /no list of names/],
    ['one group as a word', { groups: 'patch-admins' }, /no list of names/],
  ])('let nobody in of whom the provider says %s', async (what, claims, why) => {
    const login = `no-${what.replaceAll(' ', '-')}`;
    provider.people.set(login, { preferred_username: login, ...claims });
    expect(faultOf(await tryOidc(world, provider, visitor(login)))[2]).toMatch(why);
    const refused = (await audited(world, 'sign_in_refused')).at(-1);
    expect(refused).toMatchObject({ subject: login, why: expect.stringMatching(why) });
    const people = (await world.admin('/people')).json().data.people.map(({ name }) => name);
    expect(people).not.toContain(login);
  });

  it('take nothing from whom the provider says no groups of, and let them in no more', async () => {
    provider.people.set('sub-5', { preferred_username: 'joan', groups: ['patch-admins'] });
    const browser = await enterByOidc(world, provider, visitor('sub-5'));
    provider.people.set('sub-5', { preferred_username: 'joan' });
    expect((await tryOidc(world, provider, visitor('sub-5'))).status).toBe(401);
    expect((await browser.get('/api/v1/session')).json().data.person.role).toBe('admin');
  });

  it('make nobody of the name of somebody else, and say how they become the same', async () => {
    const who = await newPerson(world);
    provider.people.set('sub-3', { preferred_username: who.name, groups: ['patch-admins'] });
    const refused = faultOf(await tryOidc(world, provider, visitor('sub-3')));
    expect(refused[2]).toContain(`people set ${who.name} --oidc-subject sub-3`);
    await world.local({ method: 'PUT', path: `/api/v1/people/${who.name}`, body: { oidc_subject: 'sub-3' } });
    const { answer } = await enterByOidc(world, provider, visitor('sub-3'));
    expect(answer.json().data.person.name).toBe(who.name);
  });

  it('make nobody whose name cannot be one here, until an administrator gives them another', async () => {
    provider.people.set('sub-4', { preferred_username: '<b>Ada</b>', groups: ['on-call'] });
    expect(faultOf(await tryOidc(world, provider, visitor('sub-4')))[2]).toContain('preferred_username');
    await world.admin('/people', { name: 'ada-two', role: 'viewer', oidc_subject: 'sub-4' });
    const { answer } = await enterByOidc(world, provider, visitor('sub-4'));
    expect(answer.json().data.person).toMatchObject({ name: 'ada-two', role: 'operator' });
  });

  it('let nobody in again who was shut out here', async () => {
    const who = await newOidcPerson(world, 'shut', 'viewer');
    provider.people.set(who.login, { groups: ['patch-admins'] });
    const path = '/api/v1/people/shut';
    await world.local({ method: 'PUT', path, body: { disabled: true } });
    expect((await tryOidc(world, provider, who)).status).toBe(401);
    const [row] = (await world.admin('/people')).json().data.people.filter(({ name }) => name === 'shut');
    expect(row).toMatchObject({ state: 'disabled', role: 'viewer' });
  });
});
