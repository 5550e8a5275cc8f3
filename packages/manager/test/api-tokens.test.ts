import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinListening, LISTENING } from './listening-agent.ts';
import { auditedEvents, listedToken, makeProgram } from './programs.ts';
import { startWorld, TESTER, type World } from './world.ts';

const DAY_MS = 86_400_000;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const newToken = (wish: object = {}, where = world) => makeProgram(where, wish);
const tokenOf = (name: string, where = world) => listedToken(where, name);
const audited = (event: string, where = world) => auditedEvents(where, event);

describe('an API token', () => {
  it('lets its holder in, and its name stands for whoever asked in the records', async () => {
    const allow = ['enrollments:decide'];
    const { get, post, name, token } = await newToken({ role: 'operator', allow, expires_days: 30 });
    expect(token).toEqual({
      name,
      role: 'operator',
      bindings: [],
      allowed: allow,
      state: 'active',
      created_at: new Date(world.clock.now()).toISOString(),
      created_by: TESTER,
      expires_at: new Date(world.clock.now() + 30 * DAY_MS).toISOString(),
      revoked_at: null,
      last_used_at: null,
      last_used_from: null,
    });
    expect((await get('/api/v1/hosts')).status).toBe(200);
    expect((await post('/api/v1/enrollments/x/deny', {})).status).toBe(404);
    expect((await audited('admin_call')).at(-1)).toMatchObject({
      actor: `api-token:${name}`,
      route: '/api/v1/enrollments/{id}/deny',
    });
    expect((await audited('api_token_created')).at(-1)).toEqual({
      actor: TESTER,
      name,
      role: 'operator',
      allowed: allow,
      expires_at: token.expires_at,
    });
  });

  it('is shown once: neither database nor log nor listing holds its secret', async () => {
    const { secret, name, get } = await newToken();
    await get('/api/v1/hosts');
    await world.restart();
    expect((await get('/api/v1/hosts')).status).toBe(200);
    const random = secret.slice(-43);
    const bytes = Buffer.from(random, 'base64url');
    expect(bytes).toHaveLength(32);
    const file = await world.storedBytes();
    const text = `${JSON.stringify(world.logger.records)}${(await world.admin('/api-tokens')).text}`;
    expect(file.includes(bytes)).toBe(false);
    for (const form of [random, bytes.toString('hex'), bytes.toString('base64')]) {
      expect(file.includes(form)).toBe(false);
      expect(text).not.toContain(form);
    }
    expect(file.includes(name)).toBe(true);
  });

  it('with one other character is nobody’s, and its name alone tells nothing', async () => {
    const { secret, name } = await newToken();
    const wrong = [
      `${secret.slice(0, -2)}${secret.at(-2) === 'A' ? 'B' : 'A'}${secret.at(-1)}`,
      `lpmt_${name}_${'A'.repeat(43)}`,
      `lpmt_nobody_${'A'.repeat(43)}`,
      `lpmt_${name}_`,
      secret.slice('lpmt_'.length),
      `${secret}A`,
    ];
    const said = new Set<string>();
    for (const token of wrong) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await world.call({ path: '/api/v1/hosts', headers, localAddress: '127.0.2.1' });
      said.add(`${answer.status} ${answer.json().error.message}`);
    }
    expect([...said]).toEqual([expect.stringMatching(/^401 This path needs a credential/)]);
    const basic = { authorization: `Basic ${secret}` };
    expect(
      (await world.call({ path: '/api/v1/hosts', headers: basic, localAddress: '127.0.2.1' })).status,
    ).toBe(401);
    expect((await tokenOf(name))?.last_used_at).toBeNull();
  });

  it('is not held up by others who guess from its address', async () => {
    const { get } = await newToken();
    const guess = () =>
      world.call({
        path: '/api/v1/hosts',
        headers: { authorization: `Bearer lpmt_x_${'A'.repeat(43)}` },
        localAddress: '127.0.2.2',
      });
    for (let attempt = 0; attempt < 10; attempt += 1) await guess();
    expect((await guess()).status).toBe(429);
    expect((await get('/api/v1/hosts', '127.0.2.2')).status).toBe(200);
  });

  it('shows when it was last used and from where, to the minute', async () => {
    const { get, name } = await newToken();
    const first = new Date(world.clock.now()).toISOString();
    await get('/api/v1/hosts', '127.0.0.7');
    await world.advance(30_000);
    await get('/api/v1/hosts', '127.0.0.8');
    expect(await tokenOf(name)).toMatchObject({ last_used_at: first, last_used_from: '127.0.0.7' });
    await world.advance(30_000);
    await get('/api/v1/hosts', '127.0.0.8');
    expect(await tokenOf(name)).toMatchObject({
      last_used_at: new Date(world.clock.now()).toISOString(),
      last_used_from: '127.0.0.8',
    });
  });
});

describe('the end of an API token', () => {
  it('comes at its hour; who has it is told so, and it is on record as a refusal', async () => {
    const { get, name, token } = await newToken({ expires_days: 1 });
    await world.advance(DAY_MS - 1);
    expect((await get('/api/v1/hosts')).status).toBe(200);
    await world.advance(1);
    const answer = await get('/api/v1/hosts');
    expect([answer.status, answer.json().error.code]).toEqual([401, 'UNAUTHORIZED']);
    expect(answer.json().error.message).toContain(`The API token ${name} ended at ${token.expires_at}.`);
    expect((await tokenOf(name))?.state).toBe('expired');
    expect((await audited('admin_refused')).at(-1)).toEqual({
      actor: 'unknown',
      address: '127.0.0.1',
      method: 'GET',
      path: '/api/v1/hosts',
      api_token: name,
      state: 'expired',
    });
  });

  it('is a quarter of a year away unless it is said, and a year at most', async () => {
    const { token } = await newToken();
    expect(Date.parse(token.expires_at) - world.clock.now()).toBe(90 * DAY_MS);
    for (const days of [0, 366, 1.5]) {
      const answer = await world.admin('/api-tokens', { name: 'x', role: 'viewer', expires_days: days });
      expect([days, answer.status]).toEqual([days, 400]);
    }
  });

  it('counts at once when it is revoked, once, and also for what is still open', async () => {
    await using fresh = await startWorld(LISTENING);
    await using host = await joinListening(fresh);
    const { get, name } = await newToken({}, fresh);
    const watched = host.watched();
    const job = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';
    const watching = get(`/api/v1/hosts/${host.fqdn}/jobs/${job}/events`);
    // Whichever comes first: a stream that ended by itself never gets to the host.
    await Promise.race([watched, watching]);
    const revoked = await fresh.admin(`/api-tokens/${name}/revoke`, {});
    expect(revoked.json().data).toMatchObject({ name, state: 'revoked' });
    const stream = await watching;
    expect(stream.text).toContain('event: failed');
    expect(stream.text).toContain(`The API token ${name} was revoked.`);
    const answer = await get('/api/v1/hosts');
    expect([answer.status, answer.json().error.message]).toEqual([
      401,
      expect.stringContaining(`${name} was revoked at`),
    ]);
    const again = await fresh.admin(`/api-tokens/${name}/revoke`, {});
    expect(again.json().data).toEqual(revoked.json().data);
    expect(await audited('api_token_revoked', fresh)).toEqual([
      { actor: TESTER, name, role: 'viewer', last_used_at: revoked.json().data.last_used_at },
    ]);
    expect(fresh.logger.records.filter((one) => one.level === 'error')).toEqual([]);
  });

  it('of one that does not exist is not found', async () => {
    const answer = await world.admin('/api-tokens/nobody/revoke', {});
    expect([answer.status, answer.json().error.code]).toEqual([404, 'API_TOKEN_NOT_FOUND']);
  });
});

describe('the names of API tokens', () => {
  it('are given once, so that a name in the records is one token', async () => {
    const { name } = await newToken();
    for (const act of [async () => {}, () => world.admin(`/api-tokens/${name}/revoke`, {})]) {
      await act();
      const answer = await world.admin('/api-tokens', { name, role: 'admin' });
      expect([answer.status, answer.json().error.code]).toEqual([409, 'API_TOKEN_CONFLICT']);
      expect(answer.json().error.message).toContain(`${name}-2`);
    }
    expect((await tokenOf(name))?.role).toBe('viewer');
  });

  it.each(['', 'A', '-x', 'a b', 'a_b', 'a/b', '../x', 'ä', 'x'.repeat(65), 'a\n'])(
    'are not %j',
    async (name) => {
      expect((await world.admin('/api-tokens', { name, role: 'viewer' })).status).toBe(400);
    },
  );

  it('are of a hundred tokens in force at most', async () => {
    await using crowded = await startWorld();
    for (let number = 0; number < 99; number += 1) await newToken({}, crowded);
    const last = await newToken({}, crowded);
    const more = await crowded.admin('/api-tokens', { name: 'more', role: 'viewer' });
    expect([more.status, more.json().error.code]).toEqual([409, 'API_TOKEN_CONFLICT']);
    expect(more.json().error.message).toContain('api-tokens list');
    await crowded.admin(`/api-tokens/${last.name}/revoke`, {});
    expect((await crowded.admin('/api-tokens', { name: 'more', role: 'viewer' })).status).toBe(200);
  });

  it('of ended tokens are kept, a thousand of them, the newest', async () => {
    await using old = await startWorld();
    const ended = (number: number) => ({
      name: `old-${number}`,
      verifier: new Uint8Array(32),
      role: 'viewer',
      allowed: '[]',
      created_at: number,
      created_by: 'local',
      expires_at: number % 2 ? number : old.clock.now() + DAY_MS,
      revoked_at: number % 2 ? null : number,
      last_used_at: null,
      last_used_from: null,
    });
    const rows = Array.from({ length: 1_010 }, (_, number) => ended(number));
    await old.database.db.insertInto('api_tokens').values(rows).execute();
    await newToken({ name: 'new' }, old);
    const names = (await old.admin('/api-tokens')).json().data.api_tokens.map((one) => one.name);
    expect([names.length, names[0], names[1], names.at(-1)]).toEqual([1_001, 'new', 'old-1009', 'old-10']);
  });
});

describe('a name that was forgotten', () => {
  it('can be given again, and the revocation of the earlier token does not count for the later one', async () => {
    const { name } = await newToken();
    await world.admin(`/api-tokens/${name}/revoke`, {});
    await world.database.db.deleteFrom('api_tokens').where('name', '=', name).execute();
    expect((await (await newToken({ name })).get('/api/v1/hosts')).status).toBe(200);
  });
});
