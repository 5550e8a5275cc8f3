import { writeFile } from 'node:fs/promises';
import {
  isPermission,
  MANAGER_ADMIN_ROUTES,
  MANAGER_PUBLIC_ROUTES,
  PERMISSIONS,
  type Permission,
  type Route,
  routeTable,
} from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import { systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Actor } from '../src/http/actor.ts';
import { createApp } from '../src/http/app.ts';
import { createRoutes, type ManagerRoute } from '../src/http/routes.ts';
import { newHost } from './agents.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const ROUTES: readonly ManagerRoute[] = [
  ...Object.values(MANAGER_PUBLIC_ROUTES),
  ...Object.values(MANAGER_ADMIN_ROUTES),
];
const idOf = (route: Route): string => `${route.id} (${route.method} ${route.path})`;
const named = (which: (auth: ManagerRoute['auth']) => boolean) =>
  ROUTES.filter(({ auth }) => which(auth)).map((route): [string, ManagerRoute] => [idOf(route), route]);
const takesBody = ({ method }: Route): boolean => method === 'POST' || method === 'PUT';
const pathOf = ({ path }: Route): string => path.replaceAll(/\{\w+\}/g, 'self');

/** Bodies that pass the schemas, with proofs that prove nothing. */
const WITHOUT_CREDENTIAL: Readonly<Record<string, object>> = {
  enrollAck: {
    request_id: '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc',
    serial: 'abc',
    state: 'installed',
  },
  renew: { csr: 'x', proof: 'a.b.c' },
  leave: { proof: 'a.b.c' },
};

let caller = 1;
/** From an address of its own, so that the brake on guesses is not what is seen. */
function callWithout(route: Route) {
  caller += 1;
  return world.call({
    method: route.method,
    path: pathOf(route),
    localAddress: `127.0.0.${caller}`,
    ...(takesBody(route) ? { body: WITHOUT_CREDENTIAL[route.id] ?? {} } : {}),
  });
}

describe('without a credential', () => {
  it.each(named(isPermission))('%s is refused before anything is read', async (_id, route) => {
    const answer = await callWithout(route);
    expect([answer.status, answer.json().error.code]).toEqual([401, 'UNAUTHORIZED']);
  });

  it.each(named((auth) => auth === 'host'))('%s gives nothing and changes nothing', async (_id, route) => {
    const before = await world.database.db.selectFrom('certificates').selectAll().execute();
    const answer = await callWithout(route);
    const body = answer.json();
    if (route.id === 'enrollStatus') expect(body).toEqual({ status: 'notfound' });
    else
      expect(['UNAUTHORIZED', 'FORBIDDEN', 'ENROLLMENT_NOT_FOUND', 'INVALID_REQUEST']).toContain(
        body.error.code,
      );
    expect(await world.database.db.selectFrom('certificates').selectAll().execute()).toEqual(before);
  });

  it('only these routes answer anybody', () => {
    expect(named((auth) => auth === 'public').map(([id]) => id)).toEqual([
      'live (GET /livez)',
      'ready (GET /readyz)',
      'enroll (POST /api/v1/enroll)',
      'signIn (POST /api/v1/session)',
      'passkeyChallenge (GET /api/v1/session/passkey)',
      'signInWithPasskey (POST /api/v1/session/passkey)',
      'oidcOffer (GET /api/v1/session/oidc)',
      'beginOidc (POST /api/v1/session/oidc/begin)',
      'signInWithOidc (POST /api/v1/session/oidc)',
      'setUp (POST /api/v1/setup)',
      'ca (GET /api/v1/pki/ca.pem)',
      'crl (GET /api/v1/pki/crl.pem)',
      'trust (GET /api/v1/pki/trust)',
      'installScript (GET /install/join.sh)',
      'installFile (GET /install/{kind}/{architecture}/{file})',
      'repoConfig (GET /api/v1/pki/repo-config)',
    ]);
  });
});

const SIGNED_IN: NonNullable<Actor['own']> = {
  person: {
    id: 'a',
    name: 'ada',
    role: 'viewer',
    password: null,
    created_at: 0,
    created_by: 'local',
    disabled_at: null,
    removed_at: null,
    last_sign_in_at: null,
    totp_secret: null,
    totp_offered: null,
    totp_step: null,
    oidc_issuer: null,
    oidc_subject: null,
    passkeys: 0,
  },
  session: {
    id: 'b',
    person_id: 'a',
    verifier: '',
    created_at: 0,
    seen_at: 0,
    signed_out_at: null,
    address: '192.0.2.1',
    client: '',
    proven_at: 0,
  },
};

/** Callers who reach every host have none looked up. */
const NO_HOSTS = {
  getWithin: () => Promise.reject(new Error('no host is looked up')),
  isWithin: () => Promise.reject(new Error('no host is judged')),
};

/** The tables served as the manager serves them, for a caller who may do exactly this. */
async function statusesFor(permissions: readonly Permission[]): Promise<ReadonlyMap<string, number>> {
  const doors = { clock: new ManualClock(0), random: systemRandom, logger: memoryLogger() };
  const app = createApp(doors, () => {});
  const rights = { permissions: new Set(permissions), bindings: [] };
  const actor: Actor = { name: 'person:ada', role: null, ...rights, own: SIGNED_IN };
  const watch = { forbidden: async () => {}, begun: async () => {}, failed: async () => {} };
  const routes = createRoutes(app, doors.clock, { identify: async () => actor, watch, hosts: NO_HOSTS });
  for (const route of ROUTES) routes.serveBare(route, () => answerWith('served'));
  const request = {
    search: '',
    header: (name: string) => (name === 'content-type' ? 'application/json' : undefined),
    rawHeaders: [],
    readBody: async () => Buffer.from('{}'),
    signal: new AbortController().signal,
    observedAddress: '192.0.2.1',
    isLocal: false,
    markProven: () => {},
  };
  const statuses = new Map<string, number>();
  for (const route of ROUTES) {
    const { method } = route;
    const { status } = await app.answer({ ...request, method, path: pathOf(route) });
    statuses.set(idOf(route), status);
  }
  return statuses;
}

describe('through the socket, and with the admin token', () => {
  it('every route lets its caller in', async () => {
    await using upgraded = await startWorld();
    const token = 'a-token-of-version-1.2-with-43-characters--';
    await upgraded.restart(() => writeFile(upgraded.paths.adminToken, token, { mode: 0o600 }));
    const headers = { authorization: `Bearer ${token}` };
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth))) {
      const call = {
        method: route.method,
        path: pathOf(route),
        leavesStreams: true,
        ...(takesBody(route) ? { body: {} } : {}),
      };
      for (const { status } of [await upgraded.local(call), await upgraded.call({ ...call, headers })])
        expect([idOf(route), [401, 403, 500].includes(status)]).toEqual([idOf(route), false]);
    }
  });
});

describe('a known caller', () => {
  const all = Object.keys(PERMISSIONS) as Permission[];
  it.each(all)('with %s alone may call the routes that need it, and no other', async (permission) => {
    const statuses = await statusesFor([permission]);
    for (const route of ROUTES.filter(({ auth }) => isPermission(auth))) {
      const refused = statuses.get(idOf(route)) === 403;
      expect([idOf(route), refused]).toEqual([idOf(route), route.auth !== permission]);
    }
  });

  it.each(all)('with everything but %s may call every route that does not need it', async (permission) => {
    const statuses = await statusesFor(all.filter((one) => one !== permission));
    const refused = ROUTES.filter((route) => statuses.get(idOf(route)) === 403);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused).toEqual(ROUTES.filter(({ auth }) => auth === permission));
  });

  it('without any permission may call what anybody and hosts may', async () => {
    const statuses = await statusesFor([]);
    const refused = ROUTES.filter((route) => statuses.get(idOf(route)) === 403);
    expect(refused).toEqual(ROUTES.filter(({ auth }) => isPermission(auth)));
  });
});

describe('a fault that nobody foresaw', () => {
  it('has the same request id in the sentence, the answer and the log', async () => {
    await using broken = await startWorld();
    await broken.database.db.schema.dropTable('host_reports').execute();
    const answer = await broken.admin('/hosts');
    const { error, request_id: id } = JSON.parse(answer.text) as {
      error: { message: string };
      request_id: string;
    };
    expect([answer.status, answer.headers['x-request-id']]).toEqual([500, id]);
    expect(error.message).toBe(`An unexpected fault; the log has the details under the request id ${id}.`);
    const logged = broken.logger.records.filter((one) => one.level === 'error');
    expect(logged.map((one) => one.fields)).toEqual([expect.objectContaining({ request_id: id })]);
  });
});

describe('a route', () => {
  it('that does not say who may call it does not compile', () => {
    const silent = {
      method: 'GET',
      path: '/x',
      summary: '',
      response: z.object({}),
      status: 200,
      errors: [],
    } as const;
    // @ts-expect-error the member `auth` is missing
    expect(routeTable({ silent }).silent.id).toBe('silent');
  });

  it('that does not say who may call it is not served', () => {
    const doors = { clock: new ManualClock(0), random: systemRandom, logger: memoryLogger() };
    const routes = createRoutes(
      createApp(doors, () => {}),
      doors.clock,
      {
        identify: () => Promise.reject(new Error('nobody is asked')),
        hosts: NO_HOSTS,
        watch: { forbidden: async () => {}, begun: async () => {}, failed: async () => {} },
      },
    );
    for (const auth of [undefined, 'everybody', 'toString', 'people']) {
      const silent = { ...MANAGER_ADMIN_ROUTES.status, auth } as unknown as ManagerRoute;
      expect(() => routes.serveBare(silent, () => answerWith('served'))).toThrow(
        'the route status does not say who may call it',
      );
    }
  });

  it('has one path, however it is spelled', async () => {
    const token = { authorization: 'Bearer wrong' };
    for (const path of ['/api/v1/./hosts', '/api/v1/%68osts', '/api/v1/x/../hosts', '/api/v1/%2e/hosts']) {
      const answer = await world.call({ path, headers: token, localAddress: '127.0.1.1' });
      expect([path, answer.status]).toEqual([path, 401]);
    }
    const body = { ...newHost(), filler: 'x'.repeat(20_000) };
    for (const path of ['/api/v1/./enroll', '/api/v1/%65nroll', '/api/v1/enroll']) {
      const answer = await world.call({ method: 'POST', path, body });
      expect([path, answer.status]).toEqual([path, 413]);
    }
  });

  it('of administrators reads no body of somebody without the token', async () => {
    const answer = await world.call({
      method: 'POST',
      path: '/api/v1/tokens',
      localAddress: '127.0.1.2',
      headers: {
        authorization: 'Bearer wrong',
        'content-length': '1000000',
        'content-type': 'application/json',
      },
      body: '{',
    });
    expect([answer.status, answer.headers.connection]).toEqual([401, 'close']);
  });

  it('asked for by a Host that is none is a fault of the caller, told without a trace', async () => {
    for (const host of ['a b', '[', 'x/../y', 'a@b']) {
      const answer = await world.call({ path: '/api/v1/pki/ca.pem', headers: { host } });
      expect([host, answer.status, answer.json().error.code]).toEqual([host, 400, 'INVALID_REQUEST']);
      expect(answer.text).not.toMatch(/\bat \S+:\d+/);
    }
    expect(world.logger.records.filter((one) => one.level === 'error')).toEqual([]);
  });
});
