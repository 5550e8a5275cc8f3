import {
  BINDABLE_PERMISSIONS,
  boundPermissionsOf,
  isPermission,
  MANAGER_ADMIN_ROUTES,
  type Permission,
  ROLES,
  type Role,
  type Route,
} from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BoundCaller, boundCaller } from './bound-callers.ts';
import { dataOf, installed, inventoryWorld, joinListed, type ListedHost, waiting } from './listed-hosts.ts';
import { faultOf } from './operator.ts';
import type { World } from './world.ts';

const ORDER: readonly Role[] = ['viewer', 'operator', 'admin'];
const ROUTES: readonly Route[] = Object.values(MANAGER_ADMIN_ROUTES).filter(({ auth }) => isPermission(auth));
const ABOUT_ONE = ROUTES.filter(({ about }) => about === 'host');

let world: World;
/** In the group web; with the label env=test; neither. */
let web: ListedHost;
let test: ListedHost;
let other: ListedHost;
const callers = new Map<Role, BoundCaller>();
const callerWith = (role: Role): BoundCaller => {
  const caller = callers.get(role);
  if (caller) return caller;
  throw new Error(`nobody has the role ${role}`);
};

beforeAll(async () => {
  world = await inventoryWorld();
  const ssl = waiting('openssl', '3.0.14', '3.0.15', { security: true });
  web = await joinListed(world, [installed('openssl', '3.0.14'), installed('nginx', '1')], [ssl]);
  test = await joinListed(world, [installed('openssl', '3.0.14')], [ssl]);
  other = await joinListed(
    world,
    [installed('openssl', '3.0.13'), installed('vault-of-other', '9')],
    [ssl, waiting('vault-of-other', '9', '10')],
  );
  for (const name of ['web', 'concealed', 'empty']) await world.admin('/groups', { name });
  await world.admin('/groups/web/add', { hosts: web.fqdn });
  await world.admin('/groups/concealed/add', { hosts: other.fqdn });
  await world.admin('/searches', { name: 'others', hosts: other.fqdn });
  await world.local({
    method: 'PUT',
    path: `/api/v1/hosts/${test.fqdn}/labels`,
    body: { set: { env: 'test' } },
  });
  for (const host of [web, test, other])
    await world.local({
      method: 'POST',
      path: `/api/v1/hosts/${host.fqdn}/patches/apply`,
      body: { all: true },
    });
  for (const role of ORDER)
    callers.set(
      role,
      await boundCaller(world, [
        [role, '@group:web'],
        [role, '@env=test'],
      ]),
    );
}, 120_000);
afterAll(async () => {
  for (const host of [web, test, other]) await host[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** Bodies that pass the schemas of routes about one host. */
const BODIES: Readonly<Record<string, object>> = {
  changeHost: { note: 'x' },
  labelHost: { set: { rack: 'r1' } },
  hostPlan: { all: true },
  hostApply: { all: true },
  hostInstall: { packages: [{ name: 'nginx' }] },
  hostPackagePlan: { operation: 'install', packages: [{ name: 'nginx' }] },
  hostHold: { packages: ['nginx'] },
  hostUnhold: { packages: ['nginx'] },
};

function pathOf(route: Route, host: string): string {
  const path = route.path.replace('/api/v1', '').replace('{id}', host);
  return path.replace('{job}', '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc').replace('{name}', 'nginx.service');
}

function callAbout(caller: BoundCaller, route: Route, host: string) {
  const takesBody = route.body !== undefined;
  const body = takesBody ? [BODIES[route.id] ?? {}] : [];
  return caller.call(route.method, pathOf(route, host), ...body);
}

const mayDo = (role: Role, { auth }: Route): boolean => boundPermissionsOf(role).has(auth as Permission);

describe('a role for some hosts', () => {
  it('is for what can be about some hosts, and every permission for that is in a route that says so', () => {
    const about = new Set(ROUTES.filter((route) => route.about !== undefined).map(({ auth }) => auth));
    expect([...about].sort()).toEqual([...BINDABLE_PERMISSIONS].sort());
    for (const { id, path, about: what } of ROUTES)
      expect([id, what === 'host']).toEqual([id, path.startsWith('/api/v1/hosts/{id}')]);
    expect(ORDER).toEqual(Object.keys(ROLES));
  });

  it.each(ORDER)('%s: is none for what is about the whole fleet, in words that say so', async (role) => {
    for (const route of ROUTES.filter(({ about }) => about === undefined)) {
      const path = route.path.replace('/api/v1', '').replaceAll(/\{\w+\}/g, 'self');
      const body = route.method === 'GET' || route.method === 'DELETE' ? [] : [{}];
      const answer = await callerWith(role).call(route.method, path, ...body);
      expect([route.id, answer.status], answer.text).toEqual([route.id, 403]);
      if (mayDo(role, route))
        expect(answer.text).toMatch(/for some hosts only, and this is about the whole fleet/);
    }
  });

  it.each(ORDER)('%s: a host that it is not for is not there, in the words for none', async (role) => {
    for (const route of ABOUT_ONE.filter((one) => mayDo(role, one)))
      for (const name of await namesOf(other)) {
        const [beyond, none] = [
          await callAbout(callerWith(role), route, name),
          await callAbout(callerWith(role), route, 'nobody.example.test'),
        ];
        expect([route.id, ...faultOf(beyond)]).toEqual([
          route.id,
          404,
          'HOST_NOT_FOUND',
          faultOf(none)[2].replaceAll('nobody.example.test', name),
        ]);
      }
  });

  it.each(ORDER)('%s: does with its hosts what the role may, and nothing else', async (role) => {
    for (const route of ABOUT_ONE.filter(({ id }) => id !== 'deleteHost'))
      for (const host of [web, test]) {
        const { status, text } = await callAbout(callerWith(role), route, host.fqdn);
        const isRefused = status === 403 && text.includes(route.auth);
        const said = [route.id, isRefused, text.includes('HOST_NOT_FOUND'), [400, 401, 500].includes(status)];
        expect(said, text).toEqual([route.id, !mayDo(role, route), false, false]);
      }
  });

  it.each(ORDER)('%s: no question that reads tells anything of other hosts', async (role) => {
    const secrets = await secretsOf(other);
    const { items } = await serialsOf(other);
    const inPath = ['web', 'concealed', 'empty', 'others', 'openssl', 'vault-of-other', other.fqdn, ...items];
    for (const route of ROUTES.filter(({ method }) => method === 'GET'))
      for (const word of route.path.includes('{') ? inPath : ['']) {
        const path = route.path.replace('/api/v1', '').replaceAll(/\{\w+\}/g, word);
        const { text } = await callerWith(role).call('GET', path);
        // What was asked for is no secret of the answer.
        const told = secrets.filter((secret) => secret !== word && text.includes(secret));
        expect([route.id, word, told], text).toEqual([route.id, word, []]);
      }
  });
});

async function rowOf({ fqdn }: ListedHost) {
  return world.database.db.selectFrom('hosts').selectAll().where('fqdn', '=', fqdn).executeTakeFirstOrThrow();
}
/** By what a host can be meant; the loopback address is that of all. */
async function namesOf(host: ListedHost): Promise<string[]> {
  const { id, fqdn } = await rowOf(host);
  return [id, fqdn, fqdn.split('.')[0] ?? ''];
}
async function serialsOf(host: ListedHost) {
  const { id } = await rowOf(host);
  const rows = await world.database.db
    .selectFrom('certificates')
    .select('serial')
    .where('host_id', '=', id)
    .execute();
  return { items: rows.map(({ serial }) => serial) };
}
async function secretsOf(host: ListedHost): Promise<string[]> {
  const { id, fqdn, machine_id } = await rowOf(host);
  return [id, fqdn, machine_id, ...(await serialsOf(host)).items, 'vault-of-other', 'concealed', '3.0.13'];
}

interface Listed {
  readonly total: number;
  readonly hosts: readonly { readonly fqdn: string }[];
}
interface WithFigures extends Listed {
  readonly figures: { readonly hosts: number };
}

describe('lists and totals', () => {
  const read = async <T>(path: string) => dataOf<T>(await callerWith('viewer').call('GET', path));
  const both = () => [web.fqdn, test.fqdn].toSorted();

  it('are of one’s hosts: hosts, states, jobs, certificates, status', async () => {
    expect(await read<Listed>('/hosts')).toMatchObject({ total: 2, hosts: both().map((fqdn) => ({ fqdn })) });
    const inventory = await read<WithFigures>('/inventory');
    expect([inventory.total, inventory.figures.hosts]).toEqual([2, 2]);
    const jobs = await read<{ total: number; jobs: readonly { fqdn: string }[] }>('/jobs');
    expect(new Set(jobs.jobs.map(({ fqdn }) => fqdn))).toEqual(new Set(both()));
    expect(jobs.total).toBe(jobs.jobs.length);
    const { certificates } = await read<{ certificates: readonly { host: string | null }[] }>(
      '/certificates',
    );
    expect(new Set(certificates.map(({ host }) => host))).toEqual(new Set(both()));
    expect(await read('/status')).toMatchObject({ hosts: 2, pending_enrollments: null });
  });

  it('are of one’s hosts: who has a package, who lacks it, what waits where', async () => {
    const holders = await read<WithFigures & { versions: readonly object[] }>('/inventory/packages/openssl');
    expect([holders.total, holders.figures.hosts]).toEqual([2, 2]);
    expect(holders.versions).toMatchObject([{ version: '3.0.14', hosts: 2 }]);
    expect((await read<Listed>('/inventory/packages/vault-of-other')).total).toBe(0);
    const lacking = await read<Listed>('/inventory/packages/nginx/missing');
    expect([lacking.total, lacking.hosts.map(({ fqdn }) => fqdn)]).toEqual([1, [test.fqdn]]);
    const updates = await read<{ total: number; updates: readonly object[] }>('/inventory/updates');
    expect(updates).toMatchObject({ total: 1, updates: [{ name: 'openssl', hosts: 2 }] });
    expect((await read<{ total: number }>('/inventory/updates?offset=5')).total).toBe(1);
    const { ages } = await read<{ ages: readonly { security: number; other: number }[] }>(
      '/inventory/update-ages',
    );
    expect(ages.reduce((sum, { security, other }) => sum + security + other, 0)).toBe(2);
    expect((await read<Listed>('/inventory/updates/openssl')).total).toBe(2);
    expect((await read<Listed>('/inventory/updates/vault-of-other')).total).toBe(0);
  });

  it('are of one’s hosts: groups, which are there with such a host, or when they are one’s own', async () => {
    const { groups } = await read<{ groups: readonly { name: string; hosts: number }[] }>('/groups');
    expect(groups.map(({ name, hosts }) => [name, hosts])).toEqual([['web', 1]]);
    for (const name of ['concealed', 'empty', 'none-such'])
      expect(faultOf(await callerWith('viewer').call('GET', `/groups/${name}`))).toEqual([
        404,
        'GROUP_NOT_FOUND',
        `There is no group ${name}. Nothing was done. "linux-patch-manager groups list" shows those there are.`,
      ]);
  });

  it('are of one’s hosts, whatever selection is asked for', async () => {
    const ask = async (hosts: string) =>
      callerWith('viewer').call('GET', `/hosts?hosts=${encodeURIComponent(hosts)}`);
    const meant = async (hosts: string) => dataOf<Listed>(await ask(hosts)).hosts.map(({ fqdn }) => fqdn);
    for (const all of ['@all', '*', '@behind', '@group:web,@env=test'])
      expect(await meant(all)).toEqual(both());
    for (const none of [other.fqdn, '@rack=r9', (await namesOf(other))[2] ?? ''])
      expect(faultOf(await ask(none)).slice(0, 2)).toEqual([404, 'HOST_NOT_FOUND']);
    expect(faultOf(await ask('@group:concealed'))[1]).toBe('GROUP_NOT_FOUND');
    expect(faultOf(await ask('@saved:others'))).toEqual([
      403,
      'FORBIDDEN',
      expect.not.stringContaining(other.fqdn),
    ]);
  });
});
