import {
  isPermission,
  MANAGER_ADMIN_ROUTES,
  MANAGER_PUBLIC_ROUTES,
  PERMISSIONS,
  ROLES,
  type Role,
  type Route,
} from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManagerRoute } from '../src/http/routes.ts';
import { startWorld, type World } from './world.ts';

/** The least that a caller needs for each route; a route that does not stand here fails. */
const LEAST: Readonly<Record<string, 'anybody' | 'a host' | Role>> = {
  live: 'anybody',
  ready: 'anybody',
  enroll: 'anybody',
  ca: 'anybody',
  crl: 'anybody',
  trust: 'anybody',
  repoConfig: 'anybody',
  enrollStatus: 'a host',
  enrollAck: 'a host',
  renew: 'a host',
  leave: 'a host',
  status: 'viewer',
  metrics: 'viewer',
  authority: 'viewer',
  jobKey: 'viewer',
  listEnrollments: 'viewer',
  getEnrollment: 'viewer',
  listTokens: 'viewer',
  getToken: 'viewer',
  listHosts: 'viewer',
  getHost: 'viewer',
  listCertificates: 'viewer',
  getCertificate: 'viewer',
  inventory: 'viewer',
  hostInventory: 'viewer',
  packageInventory: 'viewer',
  updateInventory: 'viewer',
  packageUpdates: 'viewer',
  hostChanges: 'viewer',
  hostPackages: 'viewer',
  hostPatches: 'viewer',
  hostPlan: 'viewer',
  hostSystem: 'viewer',
  hostJobs: 'viewer',
  hostJob: 'viewer',
  hostJobEvents: 'viewer',
  approve: 'operator',
  deny: 'operator',
  createToken: 'operator',
  revokeToken: 'operator',
  changeHost: 'operator',
  hostApply: 'operator',
  rotateCa: 'admin',
  rotateJobKey: 'admin',
  deleteHost: 'admin',
  revokeCertificate: 'admin',
  createApiToken: 'admin',
  listApiTokens: 'admin',
  revokeApiToken: 'admin',
  createPerson: 'admin',
  listPeople: 'admin',
  changePerson: 'admin',
  resetPerson: 'admin',
  removePerson: 'admin',
};

const ROUTES: readonly ManagerRoute[] = [
  ...Object.values(MANAGER_PUBLIC_ROUTES),
  ...Object.values(MANAGER_ADMIN_ROUTES),
];
const ORDER: readonly Role[] = ['viewer', 'operator', 'admin'];
const takesBody = ({ method }: Route): boolean => method === 'POST' || method === 'PUT';

let world: World;
const secrets = new Map<Role, string>();
beforeAll(async () => {
  world = await startWorld();
  for (const role of ORDER) {
    const answer = await world.admin('/api-tokens', { name: role, role });
    secrets.set(role, answer.json().data.secret);
  }
});
afterAll(() => world[Symbol.asyncDispose]());

let caller = 1;
/** From an address of its own, so that no brake is what is seen. */
function callAs(role: Role | undefined, route: Route) {
  caller += 1;
  const secret = role && secrets.get(role);
  return world.call({
    method: route.method,
    path: route.path.replaceAll(/\{\w+\}/g, 'self'),
    localAddress: `127.0.3.${caller % 250}`,
    headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
    ...(takesBody(route) ? { body: {} } : {}),
  });
}

function mayCall(role: Role, { id }: Route): boolean {
  const least = ORDER.findIndex((one) => one === LEAST[id]);
  return ORDER.indexOf(role) >= least;
}

describe('the roles', () => {
  it('have a word about every route of the tables, and about no other', () => {
    expect(Object.keys(LEAST).sort()).toEqual(ROUTES.map((route) => route.id).sort());
    for (const { id, auth } of ROUTES)
      expect([id, auth === 'public', auth === 'host']).toEqual([
        id,
        LEAST[id] === 'anybody',
        LEAST[id] === 'a host',
      ]);
  });

  it('are three, each with all of the one before, and the last with everything', () => {
    expect(Object.keys(ROLES)).toEqual(ORDER);
    const [viewer, operator, admin] = ORDER.map((role) => [...ROLES[role].permissions] as string[]);
    expect(operator).toEqual(expect.arrayContaining(viewer ?? []));
    expect(admin).toEqual(Object.keys(PERMISSIONS));
    expect(viewer?.filter((permission) => !permission.endsWith(':read'))).toEqual([]);
  });

  it.each(ORDER)('%s calls over HTTPS what it may, and nothing else', { timeout: 60_000 }, async (role) => {
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth))) {
      const { status, text } = await callAs(role, route);
      const said = [route.id, status === 403, [401, 429, 500].includes(status)];
      expect(said, text).toEqual([route.id, !mayCall(role, route), false]);
      if (status === 403) {
        const { details } = (JSON.parse(text) as { error: { details: object } }).error;
        expect(details).toEqual({ permission: route.auth, role });
      }
    }
  });

  it('are nobody’s without a token', async () => {
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth)))
      expect([route.id, (await callAs(undefined, route)).status]).toEqual([route.id, 401]);
  });

  it.each(ORDER)('%s makes no host of its holder', async (role) => {
    for (const route of ROUTES.filter(({ auth }) => auth === 'host')) {
      const [withToken, without] = [await callAs(role, route), await callAs(undefined, route)];
      expect([route.id, withToken.status]).toEqual([route.id, without.status]);
    }
  });

  it('close no route to whoever comes through the socket', async () => {
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth))) {
      const path = route.path.replaceAll(/\{\w+\}/g, 'self');
      const body = takesBody(route) ? { body: {} } : {};
      const { status } = await world.local({ method: route.method, path, ...body });
      expect([route.id, [401, 403].includes(status)]).toEqual([route.id, false]);
    }
  });
});
