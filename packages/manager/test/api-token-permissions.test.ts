import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAuditBreak } from './audit-break.ts';
import { auditedEvents, listedToken, makeProgram } from './programs.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const newToken = (wish: object = {}, where = world) => makeProgram(where, wish);
const tokenOf = (name: string, where = world) => listedToken(where, name);
const audited = (event: string, where = world) => auditedEvents(where, event);

describe('an API token that lets somebody in', () => {
  it('says so by name; its role alone does not do, and the refusal says what does', async () => {
    const { post } = await newToken({ role: 'admin' });
    const answer = await post('/api/v1/enrollments/x/approve', { code: '0000-0000-0000-0000' });
    expect(answer.json().error).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('must be allowed it by name (--allow enrollments:decide)'),
      details: { permission: 'enrollments:decide', role: 'admin' },
    });
    const allowed = await newToken({ role: 'operator', allow: ['enrollments:decide'] });
    expect((await allowed.post('/api/v1/enrollments/x/deny', {})).status).toBe(404);
    expect((await allowed.post('/api/v1/tokens', {})).status).toBe(403);
  });

  it('is not made for what its role does not have', async () => {
    const wish = { name: 'too-much', role: 'viewer', allow: ['enrollments:decide', 'people:manage'] };
    const answer = await world.admin('/api-tokens', wish);
    expect([answer.status, answer.json().error.message]).toEqual([
      400,
      expect.stringContaining('The role viewer has no permission enrollments:decide, people:manage'),
    ]);
    expect(await tokenOf('too-much')).toBeUndefined();
  });

  it('is made by no program that may not do the same', async () => {
    const maker = await newToken({ role: 'admin', allow: ['api-tokens:manage'] });
    const more = await maker.post('/api/v1/api-tokens', {
      name: 'more',
      role: 'admin',
      allow: ['people:manage', 'api-tokens:manage'],
    });
    expect([more.status, more.json().error.message]).toEqual([
      403,
      expect.stringContaining(
        `api-token:${maker.name} may not do itself what this token could: people:manage.`,
      ),
    ]);
    const same = { name: 'as-much', role: 'admin', allow: ['api-tokens:manage'] };
    expect((await maker.post('/api/v1/api-tokens', same)).status).toBe(200);
  });
});

describe('what a role does not allow', () => {
  it('is answered with the permission and the role, does nothing, and is on record', async () => {
    const { name, post } = await newToken();
    const answer = await post('/api/v1/hosts/web1/patches/apply', { all: true });
    expect([answer.status, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
    expect(answer.json().error).toMatchObject({
      message:
        `POST /api/v1/hosts/{id}/patches/apply needs the permission hosts:patch, which api-token:${name} with the role viewer does not have. ` +
        'Nothing was done. It takes the role operator or admin.',
      details: { permission: 'hosts:patch', role: 'viewer' },
    });
    expect((await audited('admin_forbidden')).at(-1)).toEqual({
      actor: `api-token:${name}`,
      request_id: answer.headers['x-request-id'],
      address: '127.0.0.1',
      method: 'POST',
      route: '/api/v1/hosts/{id}/patches/apply',
      permission: 'hosts:patch',
      role: 'viewer',
    });
    expect((await audited('admin_call')).filter((one) => one.actor === `api-token:${name}`)).toEqual([]);
  });

  it('is refused before the body is read', async () => {
    const { secret } = await newToken();
    const answer = await world.call({
      method: 'POST',
      path: '/api/v1/ca/rotation',
      headers: {
        authorization: `Bearer ${secret}`,
        'content-length': '1000000',
        'content-type': 'application/json',
      },
      body: '{',
    });
    expect([answer.status, answer.headers.connection]).toEqual([403, 'close']);
  });

  it('has so many records an hour, however often a program asks, and one with the rest', async () => {
    await using flooded = await startWorld();
    const { get } = await newToken({}, flooded);
    for (let number = 0; number < 245; number += 1)
      expect((await get('/api/v1/api-tokens', '127.0.0.77')).status).toBe(403);
    await flooded.restart();
    expect(await audited('admin_forbidden', flooded)).toHaveLength(240);
    expect(await audited('stranger_events_summed', flooded)).toMatchObject([
      { observed_address: '127.0.0.77', events: { admin_forbidden: 5 } },
    ]);
    expect(await findAuditBreak(flooded.database.db)).toBeUndefined();
  });

  it('is everything for a role that this version does not know', async () => {
    const { get, name } = await newToken();
    await world.database.db
      .updateTable('api_tokens')
      .set({ role: 'constructor' })
      .where('name', '=', name)
      .execute();
    const answer = await get('/api/v1/status');
    expect([answer.status, answer.json().error.details.role]).toEqual([403, 'constructor']);
  });
});
