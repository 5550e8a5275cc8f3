import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAuditBreak } from './audit-break.ts';
import { cookieOf, signIn, trySignIn } from './browser.ts';
import { audited, changePerson, newPerson, PASSWORD } from './signed-people.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('signing in', () => {
  it('gives a cookie that no page, no other host and no plain connection gets at', async () => {
    const who = await newPerson(world, 'operator');
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
    expect((await audited(world, 'person_signed_in')).at(-1)).toMatchObject({
      actor: `person:${who.name}`,
      person: who.name,
      address: '127.0.0.1',
    });
  });

  it('lets a person act, and the records name them', async () => {
    const who = await newPerson(world);
    const browser = await signIn(world, who);
    expect((await browser.get('/api/v1/hosts')).status).toBe(200);
    expect((await browser.send('POST', '/api/v1/tokens', {})).status).toBe(200);
    expect((await audited(world, 'join_token_created')).at(-1)).toMatchObject({
      actor: `person:${who.name}`,
    });
    expect((await audited(world, 'admin_call')).at(-1)).toMatchObject({
      actor: `person:${who.name}`,
      route: '/api/v1/tokens',
    });
  });

  it('is refused in the same words, whatever is wrong', async () => {
    const [who, shut] = [await newPerson(world), await newPerson(world)];
    await changePerson(world, shut.name, { disabled: true });
    const answers = [
      await trySignIn(world, { ...who, password: 'wrong horse battery' }),
      await trySignIn(world, { name: 'nobody', password: PASSWORD }),
      await trySignIn(world, shut),
      await trySignIn(world, { name: '', password: '' }),
    ].map((answer) => [answer.status, answer.json().error, answer.headers['set-cookie']]);
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(answers[0]).toEqual([401, expect.objectContaining({ code: 'UNAUTHORIZED' }), undefined]);
    const records = await audited(world, 'sign_in_refused');
    expect(records.slice(-4)).toEqual([
      { actor: 'unknown', address: '127.0.0.1', wrong: 'password', person: who.name },
      { actor: 'unknown', address: '127.0.0.1', wrong: 'password' },
      { actor: 'unknown', address: '127.0.0.1', wrong: 'password', person: shut.name },
      { actor: 'unknown', address: '127.0.0.1', wrong: 'password' },
    ]);
  });

  it('compares a password also where there is no person', async () => {
    await using quiet = await startWorld();
    const who = await newPerson(quiet, 'admin');
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
    const who = await newPerson(world);
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

describe('guessing', () => {
  it('is slowed down, and keeps an administrator out neither where they were before nor after a reset', async () => {
    await using attacked = await startWorld();
    const who = await newPerson(attacked, 'admin');
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
    expect(await audited(attacked, 'sign_in_refused')).toHaveLength(5);
    const password = 'new horse battery';
    await attacked.admin(`/people/${who.name}/reset`, { password });
    for (let n = 1; n <= 8; n += 1) expect((await guess(n)).status).toBe(401);
    expect((await trySignIn(attacked, { ...who, password })).status).toBe(200);
    expect(await findAuditBreak(attacked.database.db)).toBeUndefined();
  });
});
