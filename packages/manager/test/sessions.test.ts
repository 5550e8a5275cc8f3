import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAuditBreak } from './audit-break.ts';
import { cookieOf, OWN_PAGE, signIn, trySignIn } from './browser.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld, TESTER, type World } from './world.ts';

const PASSWORD = 'correct horse battery';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

let made = 0;
async function newPerson(role = 'admin', where = world) {
  made += 1;
  const who = { name: `person-${made}`, password: PASSWORD };
  expect((await where.admin('/people', { ...who, role })).status).toBe(200);
  return who;
}

async function audited(event: string, where = world) {
  const rows = await where.database.db.selectFrom('audit').selectAll().where('event', '=', event).execute();
  return rows.map(({ actor, fields }) => ({ actor, ...(JSON.parse(fields) as Record<string, unknown>) }));
}

const change = (name: string, body: object, where = world) =>
  where.local({ method: 'PUT', path: `/api/v1/people/${name}`, body });

describe('signing in', () => {
  it('gives a cookie that no page, no other host and no plain connection gets at', async () => {
    const who = await newPerson('operator');
    const answer = await trySignIn(world, { ...who, name: who.name.toUpperCase() });
    expect(answer.json().data).toMatchObject({
      person: { name: who.name, role: 'operator' },
      session: { address: '127.0.0.1', client: 'Firefox', current: true },
    });
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^__Host-linux-patch=[0-9a-f-]{36}\.[\w-]{43}; Path=\/; Max-Age=7776000; Secure; HttpOnly; SameSite=Lax$/,
      ),
    ]);
    const { db } = world.database;
    const stored = JSON.stringify([
      await db.selectFrom('sessions').selectAll().execute(),
      await db.selectFrom('audit').selectAll().execute(),
      world.logger.records,
    ]);
    expect(stored).not.toContain(cookieOf(answer).split('.')[1]);
    expect((await audited('person_signed_in')).at(-1)).toMatchObject({
      actor: `person:${who.name}`,
      person: who.name,
      address: '127.0.0.1',
    });
  });

  it('lets a person act, and the records name them', async () => {
    const who = await newPerson();
    const browser = await signIn(world, who);
    expect((await browser.get('/api/v1/hosts')).status).toBe(200);
    expect((await browser.send('POST', '/api/v1/tokens', {})).status).toBe(200);
    expect((await audited('join_token_created')).at(-1)).toMatchObject({ actor: `person:${who.name}` });
    expect((await audited('admin_call')).at(-1)).toMatchObject({
      actor: `person:${who.name}`,
      route: '/api/v1/tokens',
    });
  });

  it('is refused in the same words, whatever is wrong', async () => {
    const [who, shut] = [await newPerson(), await newPerson()];
    await change(shut.name, { disabled: true });
    const answers = [
      await trySignIn(world, { ...who, password: 'wrong horse battery' }),
      await trySignIn(world, { name: 'nobody', password: PASSWORD }),
      await trySignIn(world, shut),
      await trySignIn(world, { name: '', password: '' }),
    ].map((answer) => [answer.status, answer.json().error, answer.headers['set-cookie']]);
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(answers[0]).toEqual([401, expect.objectContaining({ code: 'UNAUTHORIZED' }), undefined]);
    const records = await audited('sign_in_refused');
    expect(records.slice(-4)).toEqual([
      { actor: 'unknown', address: '127.0.0.1', wrong: 'password', person: who.name },
      { actor: 'unknown', address: '127.0.0.1', wrong: 'password' },
      { actor: 'unknown', address: '127.0.0.1', wrong: 'password', person: shut.name },
      { actor: 'unknown', address: '127.0.0.1', wrong: 'password' },
    ]);
  });

  it('compares a password also where there is no person', async () => {
    await using quiet = await startWorld();
    const who = await newPerson('admin', quiet);
    await trySignIn(quiet, { name: 'nobody', password: PASSWORD });
    const cpuOf = async (name: string): Promise<number> => {
      const before = process.cpuUsage().user;
      await trySignIn(quiet, { name, password: 'wrong horse battery' });
      return process.cpuUsage(undefined).user - before;
    };
    const leastOf = async (name: string) => Math.min(await cpuOf(name), await cpuOf(name), await cpuOf(name));
    // The slow hash is most of the work of either, on every machine.
    const [known, unknown] = [await leastOf(who.name), await leastOf('nobody-else')];
    expect(unknown).toBeGreaterThan(known / 2);
  });

  it('makes the hash anew when today’s costs more', async () => {
    const who = await newPerson();
    const { db } = world.database;
    const cheap = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    await db.updateTable('people').set({ password: cheap }).where('name', '=', who.name).execute();
    await signIn(world, { name: who.name, password: 'password' });
    const { password } = await db
      .selectFrom('people')
      .select('password')
      .where('name', '=', who.name)
      .executeTakeFirstOrThrow();
    expect(password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    await signIn(world, { name: who.name, password: 'password' });
  });
});

describe('a session', () => {
  it('is over after twelve hours without use, and after seven days in any case', async () => {
    await using aged = await startWorld();
    const who = await newPerson('viewer', aged);
    const idle = await signIn(aged, who);
    await aged.clock.advance(12 * HOUR_MS - 1);
    expect((await idle.get('/api/v1/hosts')).status).toBe(200);
    await aged.clock.advance(12 * HOUR_MS);
    const over = await idle.get('/api/v1/hosts');
    expect([over.status, over.json().error.message]).toEqual([401, 'The session is over. Sign in again.']);
    const busy = await signIn(aged, who);
    for (let used = 0; used < 14; used += 1) {
      expect([used, (await busy.get('/api/v1/hosts')).status]).toEqual([used, 200]);
      await aged.clock.advance(DAY_MS / 2 - 1);
    }
    await aged.clock.advance(14);
    expect((await busy.get('/api/v1/hosts')).status).toBe(401);
  });

  it('ends when its person signs out', async () => {
    const browser = await signIn(world, await newPerson());
    expect((await browser.send('DELETE', '/api/v1/session')).status).toBe(200);
    expect((await browser.get('/api/v1/session')).status).toBe(401);
  });

  it('is listed, and ended by its person elsewhere, or by an administrator', async () => {
    const who = await newPerson('viewer');
    const [first, second, third] = [
      await signIn(world, who),
      await world.clock.advance(1).then(() => signIn(world, who)),
      await world.clock
        .advance(1)
        .then(() => signIn(world, who, { headers: { 'user-agent': 'x'.repeat(1_000) } })),
    ];
    const { sessions } = (await first.get('/api/v1/me/sessions')).json().data;
    expect(sessions.map((one) => one.current)).toEqual([false, false, true]);
    expect(sessions[0]?.client).toHaveLength(200);
    const ended = await first.send('POST', '/api/v1/me/sessions/end', { session: sessions[1]?.id });
    expect(ended.json().data).toEqual({ ended: 1 });
    expect([
      (await second.get('/api/v1/session')).status,
      (await third.get('/api/v1/session')).status,
    ]).toEqual([401, 200]);
    expect((await first.send('POST', '/api/v1/me/sessions/end')).json().data).toEqual({ ended: 1 });
    expect([
      (await first.get('/api/v1/session')).status,
      (await third.get('/api/v1/session')).status,
    ]).toEqual([200, 401]);
    expect((await world.admin(`/people/${who.name}/sessions`)).json().data.sessions).toHaveLength(1);
    const all = await world.admin(`/people/${who.name}/sessions/end`, {});
    expect(all.json().data).toEqual({ ended: 1 });
    expect((await first.get('/api/v1/session')).status).toBe(401);
    expect((await audited('person_sessions_ended')).at(-1)).toEqual({
      actor: TESTER,
      person: who.name,
      sessions: 1,
    });
  });

  it('of somebody else is nothing that a person can end', async () => {
    const [mine, theirs] = [await signIn(world, await newPerson()), await signIn(world, await newPerson())];
    const { id } = (await theirs.get('/api/v1/session')).json().data.session;
    const answer = await mine.send('POST', '/api/v1/me/sessions/end', { session: id });
    expect(answer.json().data).toEqual({ ended: 0 });
    expect((await theirs.get('/api/v1/session')).status).toBe(200);
  });

  it.each([
    ['another role', (name: string) => change(name, { role: 'viewer' })],
    ['being shut out', (name: string) => change(name, { disabled: true })],
    ['a reset', (name: string) => world.admin(`/people/${name}/reset`, { password: 'new horse battery' })],
    ['removal', (name: string) => world.remove(`/people/${name}`)],
  ])('ends with %s', async (_what, act) => {
    const who = await newPerson();
    const browser = await signIn(world, who);
    expect((await act(who.name)).status).toBe(200);
    expect((await browser.get('/api/v1/session')).status).toBe(401);
    const { db } = world.database;
    const { id } = await db
      .selectFrom('people')
      .select('id')
      .where('name', '=', who.name)
      .executeTakeFirstOrThrow();
    expect(await db.selectFrom('sessions').select('id').where('person_id', '=', id).execute()).toEqual([]);
  });

  it('ends with another password, for whoever knows the one before', async () => {
    const who = await newPerson();
    const [browser, other] = [await signIn(world, who), await signIn(world, who)];
    const ask = (current_password: string, new_password: string) =>
      browser.send('POST', '/api/v1/me/password', { current_password, new_password });
    expect((await ask('wrong horse battery', 'new horse battery')).status).toBe(403);
    expect((await ask(PASSWORD, 'short')).status).toBe(400);
    expect((await other.get('/api/v1/session')).status).toBe(200);
    expect((await ask(PASSWORD, 'new horse battery')).json().data).toEqual({ ended: 2 });
    for (const one of [browser, other]) expect((await one.get('/api/v1/session')).status).toBe(401);
    expect((await trySignIn(world, who)).status).toBe(401);
    await signIn(world, { ...who, password: 'new horse battery' });
    const shown = JSON.stringify(await world.database.db.selectFrom('audit').selectAll().execute());
    expect(shown).not.toContain('horse');
  });

  it('takes what is still open with it', async () => {
    await using fresh = await startWorld(LISTENING);
    await using host = await joinListening(fresh);
    const who = await newPerson('viewer', fresh);
    const browser = await signIn(fresh, who);
    const watched = host.watched();
    const watching = browser.get(
      `/api/v1/hosts/${host.fqdn}/jobs/3f2b8c5e-6d1a-4c7b-9e0f-123456789abc/events`,
    );
    await Promise.race([watched, watching]);
    await change(who.name, { disabled: true }, fresh);
    expect((await watching).text).toContain('The session was ended. Sign in again.');
  });

  it('is one of twenty of a person; the oldest goes', async () => {
    const who = await newPerson('viewer');
    const first = await signIn(world, who);
    const { db } = world.database;
    const row = await db
      .selectFrom('sessions')
      .selectAll()
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    const rows = Array.from({ length: 19 }, (_, n) => ({
      ...row,
      id: `later-${n}`,
      created_at: row.created_at + 1,
    }));
    await db.insertInto('sessions').values(rows).execute();
    expect((await first.get('/api/v1/session')).status).toBe(200);
    await signIn(world, who);
    expect((await first.get('/api/v1/session')).status).toBe(401);
  });

  it.each(['', 'x', `${'0'.repeat(8)}-0000-4000-8000-000000000000.${'A'.repeat(43)}`, 'x'.repeat(4_000)])(
    'is not %j',
    async (value) => {
      const headers = { ...OWN_PAGE, cookie: `a=b; __Host-linux-patch=${value}` };
      const answer = await world.call({ path: '/api/v1/session', headers, localAddress: '127.0.5.1' });
      expect([answer.status, answer.json().error.code]).toEqual([401, 'UNAUTHORIZED']);
    },
  );

  it('is not one with the secret of another', async () => {
    const who = await newPerson();
    const cookies = [cookieOf(await trySignIn(world, who)), cookieOf(await trySignIn(world, who))];
    const [left, right] = cookies.map((cookie) => cookie.split('.'));
    const headers = { ...OWN_PAGE, cookie: `${left?.[0]}.${right?.[1]}` };
    expect((await world.call({ path: '/api/v1/session', headers, localAddress: '127.0.5.2' })).status).toBe(
      401,
    );
    const good = { ...OWN_PAGE, cookie: cookies[0] ?? '' };
    expect((await world.call({ path: '/api/v1/session', headers: good })).status).toBe(200);
  });
});

describe('a page of somebody else', () => {
  const POST = { method: 'POST', path: '/api/v1/tokens', body: {} };
  it.each<[string, object, Record<string, string | undefined>]>([
    ['a change from another site', POST, { 'sec-fetch-site': 'cross-site' }],
    ['a change from a neighbour', POST, { 'sec-fetch-site': 'same-site' }],
    ['a change that was typed', POST, { 'sec-fetch-site': 'none' }],
    ['a change without the header', POST, { 'linux-patch-request': undefined }],
    ['a change of another origin', POST, { 'sec-fetch-site': undefined, origin: 'https://evil.example' }],
    ['a change of no origin', POST, { 'sec-fetch-site': undefined, origin: 'null' }],
    [
      'a change of a plain origin',
      POST,
      { origin: 'http://manager.example.test', host: 'manager.example.test' },
    ],
    ['reading from another site', { path: '/api/v1/hosts' }, { 'sec-fetch-site': 'cross-site' }],
  ])('gets nowhere with %s', async (_what, call, wish) => {
    const browser = await signIn(world, await newPerson());
    const given = Object.entries({ ...browser.headers, ...wish });
    const headers = Object.fromEntries(
      given.filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    const before = (await audited('join_token_created')).length;
    const answer = await world.call({ path: '', ...call, headers });
    expect([answer.status, answer.json().error.code]).toEqual([403, 'FORBIDDEN']);
    expect(await audited('join_token_created')).toHaveLength(before);
  });

  it('signs nobody in', async () => {
    const who = await newPerson();
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      const answer = await trySignIn(world, who, { headers });
      expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined]);
    }
  });

  it('sends no form: a change is JSON', async () => {
    const browser = await signIn(world, await newPerson());
    const headers = { ...browser.headers, 'content-type': 'text/plain' };
    const answer = await world.call({ method: 'POST', path: '/api/v1/tokens', headers, body: '{}' });
    expect(answer.status).toBe(415);
  });

  it('is not the page of the manager, which says so', async () => {
    const browser = await signIn(world, await newPerson());
    const headers = {
      ...browser.headers,
      origin: 'https://Manager.example.test',
      host: 'manager.example.test',
    };
    expect((await world.call({ ...POST, headers })).status).toBe(200);
    expect((await browser.get('/api/v1/hosts', { headers: { 'sec-fetch-site': 'none' } })).status).toBe(200);
  });
});

describe('every answer', () => {
  it.each(['/api/v1/hosts', '/api/v1/pki/ca.pem', '/livez', '/nowhere', '/api/v1/%zz/../..'])(
    'of %s keeps a browser from running or framing it',
    async (path) => {
      const { headers } = await world.call({ path, localAddress: '127.0.5.3' });
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'/),
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    },
  );
});

describe('guessing', () => {
  it('is slowed down, and keeps an administrator out neither where they were before nor after a reset', async () => {
    await using attacked = await startWorld();
    const who = await newPerson('admin', attacked);
    const before = await signIn(attacked, who);
    await before.send('DELETE', '/api/v1/session');
    const guess = (n: number) =>
      trySignIn(attacked, { ...who, password: `guess number ${n}` }, { localAddress: `127.0.6.${n}` });
    const statuses: number[] = [];
    for (let n = 1; n <= 8; n += 1) statuses.push((await guess(n)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    const late = await trySignIn(attacked, who);
    expect([late.status, late.headers['retry-after']]).toEqual([429, '1']);
    expect(late.json().error.message).toContain('people reset NAME');
    expect((await trySignIn(attacked, who, { cookie: before.headers['cookie'] ?? '' })).status).toBe(200);
    expect(await audited('sign_in_refused', attacked)).toHaveLength(5);
    const password = 'new horse battery';
    await attacked.admin(`/people/${who.name}/reset`, { password });
    for (let n = 1; n <= 8; n += 1) expect((await guess(n)).status).toBe(401);
    expect((await trySignIn(attacked, { ...who, password })).status).toBe(200);
    expect(await findAuditBreak(attacked.database.db)).toBeUndefined();
  });
});
