import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totpCode } from '../src/people/totp.ts';
import { findAuditBreak } from './audit-break.ts';
import { type Browser, signIn, trySignIn } from './browser.ts';
import { startWorld, type World } from './world.ts';

const PASSWORD = 'correct horse battery';
const MINUTE_MS = 60_000;
const STEP_MS = 30_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

let made = 0;
async function newPerson() {
  made += 1;
  const who = { name: `person-${made}`, password: PASSWORD };
  expect((await world.admin('/people', { ...who, role: 'admin' })).status).toBe(200);
  return who;
}

/** What an authenticator does with the picture. */
function readSecret(uri: string): Uint8Array {
  const text = new URL(uri).searchParams.get('secret') ?? '';
  const bits = Array.from(text, (letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

/** An authenticator whose clock is that of the world. */
function authenticator(uri: string) {
  const secret = readSecret(uri);
  return (stepsAhead = 0) => totpCode(secret, Math.floor(world.clock.now() / STEP_MS) + stepsAhead);
}

async function audited(event: string) {
  const rows = await world.database.db.selectFrom('audit').selectAll().where('event', '=', event).execute();
  return rows.map(({ actor, fields }) => ({ actor, ...(JSON.parse(fields) as Record<string, unknown>) }));
}

/** Somebody with an authenticator, whose codes of now and before are used up. */
async function withAuthenticator() {
  const who = await newPerson();
  const browser = await signIn(world, who);
  const offered = (await browser.send('POST', '/api/v1/me/authenticator')).json().data;
  const code = authenticator(offered.uri);
  const answer = await browser.send('POST', '/api/v1/me/authenticator/confirm', { code: code() });
  expect(answer.status, answer.text).toBe(200);
  return { who, browser, code, recovery: answer.json().data.recovery_codes };
}

const stepUp = (browser: Browser, body: object) => browser.send('POST', '/api/v1/session/step-up', body);
const makeToken = (browser: Browser) => browser.send('POST', '/api/v1/tokens', {});

describe('an authenticator', () => {
  it('counts when a code of it was shown, and no sooner', async () => {
    const who = await newPerson();
    const browser = await signIn(world, who);
    const early = await browser.send('POST', '/api/v1/me/authenticator/confirm', { code: '000000' });
    expect([early.status, early.json().error.code]).toEqual([403, 'FORBIDDEN']);
    const [first, second] = [
      (await browser.send('POST', '/api/v1/me/authenticator')).json().data.uri,
      (await browser.send('POST', '/api/v1/me/authenticator')).json().data.uri,
    ];
    const confirm = (uri: string) =>
      browser.send('POST', '/api/v1/me/authenticator/confirm', { code: authenticator(uri)() });
    expect((await confirm(first)).status).toBe(403);
    await signIn(world, who);
    const confirmed = await confirm(second);
    expect(confirmed.json().data.recovery_codes).toHaveLength(10);
    expect((await trySignIn(world, who)).json().error.code).toBe('SECOND_FACTOR_REQUIRED');
    expect((await audited('second_factor_added')).at(-1)).toEqual({
      actor: `person:${who.name}`,
      person: who.name,
    });
  });

  it('signs its person in, with each code once', async () => {
    const { who, code } = await withAuthenticator();
    expect((await trySignIn(world, { ...who, code: code() })).status).toBe(401);
    const next = code(1);
    await signIn(world, { ...who, code: `${next.slice(0, 3)} ${next.slice(3)}` });
    const again = await trySignIn(world, { ...who, code: next });
    expect([again.status, again.json().error.message]).toEqual([401, expect.stringContaining('used before')]);
    await world.advance(2 * STEP_MS);
    expect((await trySignIn(world, { ...who, code: code(-1) })).status).toBe(401);
    await signIn(world, { ...who, code: code() });
  });

  it('lets one of two in who show the same code at once', async () => {
    const { who, code } = await withAuthenticator();
    const both = await Promise.all([1, 2].map(() => trySignIn(world, { ...who, code: code(1) })));
    expect(new Set(both.map((answer) => answer.status))).toEqual(new Set([200, 401]));
  });

  it('does not say whether a code is right to who has not the password', async () => {
    const { who, code } = await withAuthenticator();
    const answers = [
      await trySignIn(world, { name: who.name, password: 'wrong horse battery', code: code(1) }),
      await trySignIn(world, { name: who.name, password: 'wrong horse battery' }),
    ];
    expect(answers.map((answer) => answer.json().error)).toEqual([
      answers[0]?.json().error,
      answers[0]?.json().error,
    ]);
    await signIn(world, { ...who, code: code(1) });
  });

  it('slows down who has the password and guesses codes, and that is on record', async () => {
    const { who } = await withAuthenticator();
    const statuses: number[] = [];
    for (let n = 0; n < 7; n += 1)
      statuses.push((await trySignIn(world, { ...who, code: `00000${n}` })).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect((await audited('sign_in_refused')).at(-1)).toMatchObject({ person: who.name, wrong: 'code' });
  });

  it('is replaced by recovery codes, each once, in whatever way they were copied', async () => {
    const { who, recovery } = await withAuthenticator();
    expect(recovery[0]).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
    await signIn(world, { ...who, code: recovery[0]?.toLowerCase().replaceAll('-', ' ') ?? '' });
    expect((await trySignIn(world, { ...who, code: recovery[0] ?? '' })).status).toBe(401);
    await signIn(world, { ...who, code: recovery[1] ?? '' });
    expect((await audited('recovery_code_used')).at(-1)).toEqual({
      actor: `person:${who.name}`,
      person: who.name,
      left: 8,
    });
  });

  it('of somebody else is of no use', async () => {
    const [ada, eve] = [await withAuthenticator(), await withAuthenticator()];
    for (const code of [eve.code(1), eve.recovery[0] ?? ''])
      expect((await trySignIn(world, { ...ada.who, code })).status).toBe(401);
  });

  it('is taken away by its person, and by a reset', async () => {
    const [own, reset] = [await withAuthenticator(), await withAuthenticator()];
    expect((await own.browser.send('DELETE', '/api/v1/me/authenticator')).status).toBe(200);
    await signIn(world, own.who);
    await world.admin(`/people/${reset.who.name}/reset`, { password: 'new horse battery' });
    await signIn(world, { ...reset.who, password: 'new horse battery' });
    const { db } = world.database;
    const people = await db
      .selectFrom('people')
      .selectAll()
      .where('name', 'in', [own.who.name, reset.who.name])
      .execute();
    const ids = people.map((row) => row.id);
    expect(people.map((row) => row.totp_secret)).toEqual([null, null]);
    expect(await db.selectFrom('recovery_codes').selectAll().where('person_id', 'in', ids).execute()).toEqual(
      [],
    );
  });

  it('stands with its codes in no record and no log', async () => {
    const { who, browser, code, recovery } = await withAuthenticator();
    const next = code(1);
    await trySignIn(world, { ...who, code: next });
    await stepUp(browser, { code: recovery[0] ?? '' });
    const { db } = world.database;
    const row = await db
      .selectFrom('people')
      .selectAll()
      .where('name', '=', who.name)
      .executeTakeFirstOrThrow();
    const shown = JSON.stringify([
      await db.selectFrom('audit').selectAll().execute(),
      (await world.admin('/people')).text,
      world.logger.records,
    ]);
    for (const secret of [row.totp_secret ?? '?', `"${next}"`, ...recovery])
      expect(shown).not.toContain(secret);
  });
});

describe('a proof that it is them', () => {
  it('is asked for after ten minutes: the password where there is no authenticator', async () => {
    const who = await newPerson();
    const browser = await signIn(world, who);
    expect((await makeToken(browser)).status).toBe(200);
    await world.advance(10 * MINUTE_MS);
    const refused = await makeToken(browser);
    expect([refused.status, refused.json().error.code, refused.json().error.details.by]).toEqual([
      403,
      'STEP_UP_REQUIRED',
      'password',
    ]);
    expect((await browser.get('/api/v1/hosts')).status).toBe(200);
    expect((await stepUp(browser, { password: 'wrong horse battery' })).status).toBe(403);
    expect((await stepUp(browser, { code: '123456' })).status).toBe(403);
    expect((await makeToken(browser)).status).toBe(403);
    const proven = await stepUp(browser, { password: PASSWORD });
    const until = new Date(world.clock.now() + 10 * MINUTE_MS).toISOString();
    expect(proven.json().data.proven_until).toBe(until);
    expect((await makeToken(browser)).status).toBe(200);
    expect((await audited('person_stepped_up')).at(-1)).toMatchObject({
      actor: `person:${who.name}`,
      by: 'password',
    });
  });

  it('is a code where there is one, each once; the password is not enough', async () => {
    const { browser, code } = await withAuthenticator();
    await world.advance(10 * MINUTE_MS);
    expect((await makeToken(browser)).json().error.details.by).toBe('code');
    expect((await stepUp(browser, { password: PASSWORD })).status).toBe(403);
    expect((await stepUp(browser, { code: code() })).status).toBe(200);
    expect((await stepUp(browser, { code: code() })).status).toBe(403);
    expect((await makeToken(browser)).status).toBe(200);
  });

  it('is of its session alone', async () => {
    const who = await newPerson();
    const [one, other] = [await signIn(world, who), await signIn(world, who)];
    await world.advance(10 * MINUTE_MS);
    expect((await stepUp(one, { password: PASSWORD })).status).toBe(200);
    expect([(await makeToken(one)).status, (await makeToken(other)).status]).toEqual([200, 403]);
  });

  it('is no way around the delays: who guesses in an open session is slowed down there', async () => {
    const browser = await signIn(world, await newPerson());
    const statuses: number[] = [];
    for (let n = 0; n < 7; n += 1) statuses.push((await stepUp(browser, { password: `guess ${n}` })).status);
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429, 429]);
  });

  it('is not longer good when the clock is set back', async () => {
    const browser = await signIn(world, await newPerson());
    await world.database.db
      .updateTable('sessions')
      .set({ proven_at: world.clock.now() + 10 * MINUTE_MS })
      .execute();
    expect((await makeToken(browser)).status).toBe(403);
  });

  it('leaves a whole chain of records', async () => {
    expect(await findAuditBreak(world.database.db)).toBeUndefined();
  });
});
