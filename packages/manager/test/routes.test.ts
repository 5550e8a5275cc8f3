import { MANAGER_ADMIN_ROUTES, MANAGER_PUBLIC_ROUTES, type Route, routeTable } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newHost } from './agents.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const ROUTES: readonly Route[] = [
  ...Object.values(MANAGER_PUBLIC_ROUTES),
  ...Object.values(MANAGER_ADMIN_ROUTES),
];
const idOf = (route: Route): string => `${route.id} (${route.method} ${route.path})`;
const named = (auth: Route['auth']) =>
  ROUTES.filter((route) => route.auth === auth).map((route): [string, Route] => [idOf(route), route]);

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
    path: route.path.replaceAll(/\{\w+\}/g, 'self'),
    localAddress: `127.0.0.${caller}`,
    ...(route.method === 'POST' || route.method === 'PUT'
      ? { body: WITHOUT_CREDENTIAL[route.id] ?? {} }
      : {}),
  });
}

describe('without a credential', () => {
  it.each(named('admin'))('%s is refused before anything is read', async (_id, route) => {
    const answer = await callWithout(route);
    expect([answer.status, answer.json().error.code]).toEqual([401, 'UNAUTHORIZED']);
  });

  it.each(named('agent-proof'))('%s gives nothing and changes nothing', async (_id, route) => {
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
    expect(named('public').map(([id]) => id)).toEqual([
      'enroll (POST /api/v1/enroll)',
      'ca (GET /api/v1/pki/ca.pem)',
      'crl (GET /api/v1/pki/crl.pem)',
      'trust (GET /api/v1/pki/trust)',
      'repoConfig (GET /api/v1/pki/repo-config)',
    ]);
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
