import {
  GUARDED_PERMISSIONS,
  isPermission,
  MANAGER_ADMIN_ROUTES,
  MANAGER_PUBLIC_ROUTES,
  PERMISSIONS,
  permissionsOf,
  ROLES,
  type Role,
  type Route,
} from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManagerRoute } from '../src/http/routes.ts';
import { type Browser, signIn } from './browser.ts';
import { startWorld, type World } from './world.ts';

/** The least that a caller needs for each route; a route that does not stand here fails. */
const LEAST: Readonly<Record<string, 'anybody' | 'a host' | 'a person' | Role>> = {
  live: 'anybody',
  ready: 'anybody',
  enroll: 'anybody',
  ca: 'anybody',
  crl: 'anybody',
  trust: 'anybody',
  installScript: 'anybody',
  installFile: 'anybody',
  repoConfig: 'anybody',
  signIn: 'anybody',
  passkeyChallenge: 'anybody',
  signInWithPasskey: 'anybody',
  oidcOffer: 'anybody',
  beginOidc: 'anybody',
  signInWithOidc: 'anybody',
  setUp: 'anybody',
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
  listGroups: 'viewer',
  getGroup: 'viewer',
  listSearches: 'viewer',
  getSearch: 'viewer',
  listCertificates: 'viewer',
  getCertificate: 'viewer',
  inventory: 'viewer',
  hostInventory: 'viewer',
  packageInventory: 'viewer',
  packageMissing: 'viewer',
  fleetHistory: 'viewer',
  knownPackages: 'viewer',
  updateInventory: 'viewer',
  packageUpdates: 'viewer',
  updateAges: 'viewer',
  hostChanges: 'viewer',
  fleetJobs: 'viewer',
  acts: 'viewer',
  act: 'viewer',
  hostPackages: 'viewer',
  hostPatches: 'viewer',
  hostPlan: 'viewer',
  hostPackagePlan: 'viewer',
  hostSystem: 'viewer',
  hostServices: 'viewer',
  hostService: 'viewer',
  hostJobs: 'viewer',
  hostJob: 'viewer',
  hostJobEvents: 'viewer',
  approve: 'operator',
  deny: 'operator',
  createToken: 'operator',
  installSources: 'operator',
  revokeToken: 'operator',
  changeHost: 'operator',
  labelHost: 'operator',
  createGroup: 'operator',
  changeGroup: 'operator',
  deleteGroup: 'operator',
  addToGroup: 'operator',
  removeFromGroup: 'operator',
  createSearch: 'operator',
  changeSearch: 'operator',
  deleteSearch: 'operator',
  hostApply: 'operator',
  cancelHostJob: 'operator',
  startAct: 'operator',
  stopAct: 'operator',
  hostInstall: 'operator',
  hostRemove: 'operator',
  hostRollback: 'operator',
  hostHold: 'operator',
  hostUnhold: 'operator',
  hostServiceRestart: 'operator',
  hostReboot: 'operator',
  hostCancelReboot: 'operator',
  hostRefresh: 'operator',
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
  personSessions: 'admin',
  endPersonSessions: 'admin',
  removePerson: 'admin',
  configuration: 'admin',
  events: 'viewer',
  listAudit: 'admin',
  verifyAudit: 'admin',
  ownSession: 'a person',
  signOut: 'a person',
  ownSessions: 'a person',
  endOwnSessions: 'a person',
  changeOwnPassword: 'a person',
  stepUp: 'a person',
  stepUpChallenge: 'a person',
  beginOidcStepUp: 'a person',
  listPasskeys: 'a person',
  offerPasskey: 'a person',
  addPasskey: 'a person',
  removePasskey: 'a person',
  offerAuthenticator: 'a person',
  confirmAuthenticator: 'a person',
  removeAuthenticator: 'a person',
};

/** What a browser that was left alone does not do: it gives trust, takes it away, or lets somebody in. */
const STEP_UP = new Set([
  'rotateCa',
  'rotateJobKey',
  'approve',
  'createToken',
  'deleteHost',
  'revokeCertificate',
  'createApiToken',
  'createPerson',
  'changePerson',
  'resetPerson',
  'endPersonSessions',
  'removePerson',
  'offerAuthenticator',
  'confirmAuthenticator',
  'removeAuthenticator',
  'offerPasskey',
  'addPasskey',
  'removePasskey',
]);

/** How what is for people about themselves answers to nothing that fits: a password and ways to sign in stay as they are. */
const ABOUT_ONESELF: Readonly<Record<string, number>> = {
  changeOwnPassword: 400,
  confirmAuthenticator: 400,
  addPasskey: 400,
  removePasskey: 404,
  stepUp: 403,
  // No identity provider is configured there.
  beginOidcStepUp: 404,
};

const ROUTES: readonly ManagerRoute[] = [
  ...Object.values(MANAGER_PUBLIC_ROUTES),
  ...Object.values(MANAGER_ADMIN_ROUTES),
];
const ORDER: readonly Role[] = ['viewer', 'operator', 'admin'];
const isForKnown = (auth: Route['auth']): boolean => auth === 'person' || isPermission(auth);
const takesBody = ({ method }: Route): boolean => method === 'POST' || method === 'PUT';

let world: World;
const secrets = new Map<Role, string>();
const browsers = new Map<Role, Browser>();
const PASSWORD = 'correct horse battery';
beforeAll(async () => {
  world = await startWorld();
  for (const role of ORDER) {
    const allow = GUARDED_PERMISSIONS.filter((one) => permissionsOf(role).has(one));
    const answer = await world.admin('/api-tokens', { name: role, role, allow });
    secrets.set(role, answer.json().data.secret);
    await world.admin('/people', { name: role, role, password: PASSWORD });
  }
});
afterAll(() => world[Symbol.asyncDispose]());

const tokenOf = (role: Role) => ({ authorization: `Bearer ${secrets.get(role)}` });

/** What a browser shows for somebody with this role. */
async function signedIn(role: Role): Promise<Readonly<Record<string, string>>> {
  const known = browsers.get(role);
  if (known && (await known.get('/api/v1/session')).status === 200) return known.headers;
  const browser = await signIn(world, { name: role, password: PASSWORD });
  browsers.set(role, browser);
  return browser.headers;
}

let caller = 1;
/** From an address of its own, so that no brake is what is seen. */
function callAs(shown: Readonly<Record<string, string>> | undefined, route: Route) {
  caller += 1;
  return world.call({
    method: route.method,
    path: route.path.replaceAll(/\{\w+\}/g, 'self'),
    localAddress: `127.0.3.${caller % 250}`,
    headers: shown ?? {},
    leavesStreams: true,
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
      expect([id, auth === 'public', auth === 'host', auth === 'person']).toEqual([
        id,
        LEAST[id] === 'anybody',
        LEAST[id] === 'a host',
        LEAST[id] === 'a person',
      ]);
  });

  it('are three, each with all of the one before, and the last with everything', () => {
    expect(Object.keys(ROLES)).toEqual(ORDER);
    const [viewer, operator, admin] = ORDER.map((role) => [...ROLES[role].permissions] as string[]);
    expect(operator).toEqual(expect.arrayContaining(viewer ?? []));
    expect(admin).toEqual(Object.keys(PERMISSIONS));
    expect(viewer?.filter((permission) => !permission.endsWith(':read'))).toEqual([]);
  });

  it.each(ORDER)('%s calls over HTTPS what it may, and nothing else', async (role) => {
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth))) {
      const { status, text } = await callAs(tokenOf(role), route);
      const said = [route.id, status === 403, [401, 429, 500].includes(status)];
      expect(said, text).toEqual([route.id, !mayCall(role, route), false]);
      if (status === 403) {
        const { details } = (JSON.parse(text) as { error: { details: object } }).error;
        expect(details).toEqual({ permission: route.auth, role });
      }
    }
  });

  it.each(ORDER)('%s, as a program that is allowed nothing by name, lets nobody in', async (role) => {
    const { secret } = (await world.admin('/api-tokens', { name: `plain-${role}`, role })).json().data;
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth))) {
      const { status } = await callAs({ authorization: `Bearer ${secret}` }, route);
      const isGuarded = (GUARDED_PERMISSIONS as readonly string[]).includes(route.auth);
      expect([route.id, status === 403]).toEqual([route.id, isGuarded || !mayCall(role, route)]);
    }
  });

  it.each(ORDER)('%s, signed in, calls what that role may, and nothing else', async (role) => {
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth))) {
      const { status, text } = await callAs(await signedIn(role), route);
      expect([route.id, status === 403, [401, 429, 500].includes(status)], text).toEqual([
        route.id,
        !mayCall(role, route),
        false,
      ]);
    }
  });

  it.each(ORDER)('%s, signed in, calls what is for people about themselves', async (role) => {
    for (const route of ROUTES.filter(({ auth }) => auth === 'person')) {
      const { status, text } = await callAs(await signedIn(role), route);
      expect([route.id, status], text).toEqual([route.id, ABOUT_ONESELF[route.id] ?? 200]);
    }
  });

  it('take a proof of ten minutes from somebody signed in, for these routes and no others', async () => {
    const { headers } = await signIn(world, { name: 'admin', password: PASSWORD });
    await world.advance(10 * 60_000);
    for (const route of ROUTES.filter(({ auth, id }) => isForKnown(auth) && id !== 'signOut')) {
      const { status, text } = await callAs(headers, route);
      const isRefused = status === 403 && text.includes('STEP_UP_REQUIRED');
      expect([route.id, isRefused], text).toEqual([route.id, STEP_UP.has(route.id)]);
    }
    for (const route of ROUTES.filter(({ id, auth }) => STEP_UP.has(id) && isPermission(auth)))
      expect([route.id, (await callAs(tokenOf('admin'), route)).status]).not.toEqual([route.id, 403]);
  });

  it('are no person: neither a program nor root gets at what is for people', async () => {
    for (const route of ROUTES.filter(({ auth }) => auth === 'person')) {
      const body = takesBody(route) ? { body: {} } : {};
      const local = await world.local({ method: route.method, path: route.path, ...body });
      const token = await callAs({ authorization: `Bearer ${secrets.get('admin')}` }, route);
      expect([route.id, local.status, token.status]).toEqual([route.id, 403, 403]);
      expect([route.id, (await callAs(undefined, route)).status]).toEqual([route.id, 401]);
    }
  });

  it('are nobody’s without a token', async () => {
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth)))
      expect([route.id, (await callAs(undefined, route)).status]).toEqual([route.id, 401]);
  });

  it.each(ORDER)('%s makes no host of its holder', async (role) => {
    for (const route of ROUTES.filter(({ auth }) => auth === 'host')) {
      const [withToken, without] = [await callAs(tokenOf(role), route), await callAs(undefined, route)];
      expect([route.id, withToken.status]).toEqual([route.id, without.status]);
    }
  });

  it('close no route to whoever comes through the socket', async () => {
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth))) {
      const path = route.path.replaceAll(/\{\w+\}/g, 'self');
      const body = takesBody(route) ? { body: {} } : {};
      const { status } = await world.local({ method: route.method, path, leavesStreams: true, ...body });
      expect([route.id, [401, 403].includes(status)]).toEqual([route.id, false]);
    }
  });
});
