import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieOf, OWN_PAGE, signIn, trySignIn } from './browser.ts';
import { joinListening, LISTENING } from './listening-agent.ts';
import { audited, changePerson, newPerson, PASSWORD } from './signed-people.ts';
import { startWorld, TESTER, type World } from './world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a session', () => {
  it('is over after twelve hours without use, and after seven days in any case', async () => {
    await using aged = await startWorld();
    const who = await newPerson(aged, 'viewer');
    const idle = await signIn(aged, who);
    await aged.advance(12 * HOUR_MS - 1);
    expect((await idle.get('/api/v1/hosts')).status).toBe(200);
    await aged.advance(12 * HOUR_MS);
    const over = await idle.get('/api/v1/hosts');
    expect([over.status, over.json().error.message]).toEqual([401, 'The session is over. Sign in again.']);
    const busy = await signIn(aged, who);
    for (let used = 0; used < 14; used += 1) {
      expect([used, (await busy.get('/api/v1/hosts')).status]).toEqual([used, 200]);
      await aged.advance(DAY_MS / 2 - 1);
    }
    await aged.advance(14);
    expect((await busy.get('/api/v1/hosts')).status).toBe(401);
  });

  it('ends when its person signs out', async () => {
    const browser = await signIn(world, await newPerson(world));
    expect((await browser.send('DELETE', '/api/v1/session')).status).toBe(200);
    expect((await browser.get('/api/v1/session')).status).toBe(401);
  });

  it('is listed, and ended by its person elsewhere, or by an administrator', async () => {
    const who = await newPerson(world, 'viewer');
    const [first, second, third] = [
      await signIn(world, who),
      await world.advance(1).then(() => signIn(world, who)),
      await world.advance(1).then(() => signIn(world, who, { headers: { 'user-agent': 'x'.repeat(1_000) } })),
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
    expect((await audited(world, 'person_sessions_ended')).at(-1)).toEqual({
      actor: TESTER,
      person: who.name,
      sessions: 1,
    });
  });

  it('of somebody else is nothing that a person can end', async () => {
    const [mine, theirs] = [
      await signIn(world, await newPerson(world)),
      await signIn(world, await newPerson(world)),
    ];
    const { id } = (await theirs.get('/api/v1/session')).json().data.session;
    const answer = await mine.send('POST', '/api/v1/me/sessions/end', { session: id });
    expect(answer.json().data).toEqual({ ended: 0 });
    expect((await theirs.get('/api/v1/session')).status).toBe(200);
  });

  it.each([
    ['another role', (name: string) => changePerson(world, name, { role: 'viewer' })],
    ['being shut out', (name: string) => changePerson(world, name, { disabled: true })],
    ['a reset', (name: string) => world.admin(`/people/${name}/reset`, { password: 'new horse battery' })],
    ['removal', (name: string) => world.remove(`/people/${name}`)],
  ])('ends with %s', async (_what, act) => {
    const who = await newPerson(world);
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
    const who = await newPerson(world);
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
    const who = await newPerson(fresh, 'viewer');
    const browser = await signIn(fresh, who);
    const watched = host.watched();
    const watching = browser.get(
      `/api/v1/hosts/${host.fqdn}/jobs/3f2b8c5e-6d1a-4c7b-9e0f-123456789abc/events`,
    );
    await Promise.race([watched, watching]);
    await changePerson(fresh, who.name, { disabled: true });
    expect((await watching).text).toContain('The session was ended. Sign in again.');
  });

  it('is one of twenty of a person; the oldest goes', async () => {
    const who = await newPerson(world, 'viewer');
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
    const who = await newPerson(world);
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
