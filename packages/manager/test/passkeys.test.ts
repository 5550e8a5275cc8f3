import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totpCode } from '../src/people/totp.ts';
import { findAuditBreak } from './audit-break.ts';
import { type Browser, signIn, trySignIn } from './browser.ts';
import {
  addPasskey,
  askedAgain,
  askedOfStrangers,
  enter,
  HONEST,
  makePasskey,
  ORIGIN,
  RP_ID,
  sendProof,
  withPasskey,
} from './passkey-people.ts';
import { audited, changePerson, newPerson } from './signed-people.ts';
import { ALGORITHMS } from './software-authenticator.ts';
import { startWorld, type World } from './world.ts';

const MINUTE_MS = 60_000;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const stepUp = (browser: Browser, body: object) => browser.send('POST', '/api/v1/session/step-up', body);
const makeToken = (browser: Browser) => browser.send('POST', '/api/v1/tokens', {});

describe('a passkey', () => {
  it.each(ALGORITHMS)(
    'of %s signs its person in, without a name, and that is on record',
    async (algorithm) => {
      const { who, device } = await withPasskey(world, { algorithm });
      const browser = await enter(world, device);
      const { person, session } = (await browser.get('/api/v1/session')).json().data;
      expect(person).toMatchObject({
        name: who.name,
        second_factor: true,
        authenticator: false,
        passkeys: 1,
      });
      expect((await audited(world, 'person_signed_in')).at(-1)).toMatchObject({
        actor: `person:${who.name}`,
        session: session.id,
        by: 'passkey',
        passkey: 'telephone',
      });
      expect((await makeToken(browser)).status).toBe(200);
    },
  );

  it('is asked for at the configured address, with a PIN or a finger, whatever the request says', async () => {
    const browser = await signIn(world, await newPerson(world));
    const offer = await browser.send('POST', '/api/v1/me/passkeys/offer');
    const { creation } = offer.json().data;
    expect(creation).toMatchObject({
      rp: { id: RP_ID },
      excludeCredentials: [],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    });
    const headers = { host: 'evil.example.test', 'x-forwarded-host': 'evil.example.test' };
    const asked = (await world.call({ path: '/api/v1/session/passkey', headers })).json().data;
    expect(asked).toMatchObject({
      origin: ORIGIN,
      request: { rpId: RP_ID, userVerification: 'required', allowCredentials: [] },
    });
  });

  it('takes from the password that it signs in alone, and brings recovery codes once', async () => {
    const { who, browser, recovery } = await withPasskey(world);
    expect(recovery).toHaveLength(10);
    const refused = await trySignIn(world, who);
    expect([refused.status, refused.json().error.code]).toEqual([401, 'SECOND_FACTOR_REQUIRED']);
    expect(refused.json().error.message).toContain('use your passkey');
    expect((await trySignIn(world, { ...who, code: '123456' })).status).toBe(401);
    await signIn(world, { ...who, code: recovery[0] ?? '' });
    const second = await addPasskey(browser, 'key ring');
    expect(second.answer.json().data.recovery_codes).toEqual([]);
    await signIn(world, { ...who, code: recovery[1] ?? '' });
  });

  it('is listed with its last use, for its person alone, and of two each signs in', async () => {
    const { browser, device } = await withPasskey(world);
    await world.advance(MINUTE_MS);
    const second = await addPasskey(browser, 'key ring', { counts: false });
    await world.advance(MINUTE_MS);
    await enter(world, second.device);
    await enter(world, second.device);
    await enter(world, device);
    const { passkeys, total, origin, unusable } = (await browser.get('/api/v1/me/passkeys')).json().data;
    const now = new Date(world.clock.now()).toISOString();
    expect([origin, unusable, total]).toEqual([ORIGIN, null, 2]);
    expect(passkeys.map(({ name, last_used_at }) => [name, last_used_at])).toEqual([
      ['telephone', now],
      ['key ring', now],
    ]);
    const stranger = await signIn(world, await newPerson(world));
    expect((await stranger.get('/api/v1/me/passkeys')).json().data.passkeys).toEqual([]);
    const id = passkeys[0]?.id;
    expect((await stranger.send('DELETE', `/api/v1/me/passkeys/${id}`)).status).toBe(404);
    expect((await browser.get('/api/v1/me/passkeys')).json().data.total).toBe(2);
  });

  it('is removed, and after the last one the password alone signs in and no recovery code counts', async () => {
    const { who, browser, device, passkey, recovery } = await withPasskey(world);
    const second = await addPasskey(browser, 'key ring');
    const remove = (id: string) => browser.send('DELETE', `/api/v1/me/passkeys/${id}`);
    expect((await remove(passkey.id)).status).toBe(200);
    const refused = await sendProof(
      world,
      device.get({ challenge: await askedOfStrangers(world), ...HONEST }),
    );
    expect([refused.status, refused.json().error.message]).toEqual([401, expect.stringContaining('removed')]);
    expect((await trySignIn(world, who)).json().error.code).toBe('SECOND_FACTOR_REQUIRED');
    expect((await remove(second.answer.json().data.passkey.id)).status).toBe(200);
    await signIn(world, who);
    const { db } = world.database;
    const { id } = await db
      .selectFrom('people')
      .select('id')
      .where('name', '=', who.name)
      .executeTakeFirstOrThrow();
    const left = await db
      .selectFrom('recovery_codes')
      .select('verifier')
      .where('person_id', '=', id)
      .execute();
    expect([left, recovery.length]).toEqual([[], 10]);
    expect((await audited(world, 'passkey_removed')).at(-1)).toEqual({
      actor: `person:${who.name}`,
      person: who.name,
      passkey: 'key ring',
    });
  });

  it('and an authenticator stand beside each other: recovery codes stay while one of them is there', async () => {
    const who = await newPerson(world);
    const browser = await signIn(world, who);
    const { uri } = (await browser.send('POST', '/api/v1/me/authenticator')).json().data;
    const { db } = world.database;
    const row = await db
      .selectFrom('people')
      .selectAll()
      .where('name', '=', who.name)
      .executeTakeFirstOrThrow();
    const secret = Buffer.from(row.totp_offered ?? '', 'hex');
    const code = totpCode(secret, Math.floor(world.clock.now() / 30_000));
    const confirmed = await browser.send('POST', '/api/v1/me/authenticator/confirm', { code });
    const recovery = confirmed.json().data.recovery_codes;
    const { answer } = await addPasskey(browser, 'telephone');
    expect([uri.length > 0, answer.json().data.recovery_codes]).toEqual([true, []]);
    expect((await browser.send('DELETE', '/api/v1/me/authenticator')).status).toBe(200);
    expect((await trySignIn(world, who)).json().error.code).toBe('SECOND_FACTOR_REQUIRED');
    await signIn(world, { ...who, code: recovery[0] ?? '' });
  });

  it('is taken away by a reset, which says how many there were', async () => {
    const { who, device } = await withPasskey(world);
    const reset = await world.admin(`/people/${who.name}/reset`, { password: 'new horse battery' });
    expect(reset.json().data).toMatchObject({ second_factor: false, passkeys: 0 });
    expect((await audited(world, 'person_reset')).at(-1)).toMatchObject({ person: who.name, passkeys: 1 });
    await signIn(world, { ...who, password: 'new horse battery' });
    const proof = device.get({ challenge: await askedOfStrangers(world), ...HONEST });
    expect((await sendProof(world, proof)).status).toBe(401);
  });

  it('goes with its person', async () => {
    const { who } = await withPasskey(world);
    const { db } = world.database;
    const { id } = await db
      .selectFrom('people')
      .select('id')
      .where('name', '=', who.name)
      .executeTakeFirstOrThrow();
    expect((await world.remove(`/people/${who.name}`)).status).toBe(200);
    expect(await db.selectFrom('passkeys').select('id').where('person_id', '=', id).execute()).toEqual([]);
  });

  it('lets in who is not let in by name, because others guess the password', async () => {
    const { who, device } = await withPasskey(world);
    for (let n = 1; n < 9; n += 1)
      await trySignIn(world, { ...who, password: `guess ${n}` }, { localAddress: `127.0.3.${n}` });
    expect((await trySignIn(world, who)).status).toBe(429);
    await enter(world, device);
  });

  it('of somebody who was shut out lets nobody in, and does again when they are let in', async () => {
    const { who, device } = await withPasskey(world);
    await changePerson(world, who.name, { disabled: true });
    const proof = device.get({ challenge: await askedOfStrangers(world), ...HONEST });
    const refused = await sendProof(world, proof);
    expect([refused.status, refused.json().error.message]).toEqual([
      401,
      expect.stringContaining('shut you out'),
    ]);
    expect((await audited(world, 'sign_in_refused')).at(-1)).toMatchObject({
      person: who.name,
      wrong: 'passkey',
    });
    await changePerson(world, who.name, { disabled: false });
    await enter(world, device);
  });
});

describe('a passkey as a proof that it is them', () => {
  it('is asked for after ten minutes, and good for ten more', async () => {
    const { who, browser, device, recovery } = await withPasskey(world);
    await world.advance(10 * MINUTE_MS);
    const refused = (await makeToken(browser)).json().error;
    expect([refused.code, refused.details.by]).toEqual(['STEP_UP_REQUIRED', 'passkey']);
    expect((await stepUp(browser, { password: who.password })).status).toBe(403);
    const { request } = (await browser.get('/api/v1/session/step-up')).json().data;
    expect(request?.allowCredentials).toEqual([{ type: 'public-key', id: device.credential }]);
    const passkey = device.get({ challenge: request?.challenge ?? '', ...HONEST });
    expect((await stepUp(browser, { passkey })).status).toBe(200);
    expect((await makeToken(browser)).status).toBe(200);
    expect((await audited(world, 'person_stepped_up')).at(-1)).toMatchObject({ by: 'passkey' });
    await world.advance(10 * MINUTE_MS);
    expect((await makeToken(browser)).status).toBe(403);
    expect((await stepUp(browser, { passkey })).status).toBe(403);
    expect((await stepUp(browser, { code: recovery[0] ?? '' })).status).toBe(200);
  });

  it('is needed before another passkey is added or one is removed', async () => {
    const { browser, device, passkey } = await withPasskey(world);
    const { made } = await makePasskey(browser);
    await world.advance(10 * MINUTE_MS);
    const tries = [
      await browser.send('POST', '/api/v1/me/passkeys/offer'),
      await browser.send('POST', '/api/v1/me/passkeys', { name: 'another', ...made }),
      await browser.send('DELETE', `/api/v1/me/passkeys/${passkey.id}`),
    ];
    expect(tries.map((answer) => answer.json().error.code)).toEqual(Array(3).fill('STEP_UP_REQUIRED'));
    expect(
      (await stepUp(browser, { passkey: device.get({ challenge: await askedAgain(browser), ...HONEST }) }))
        .status,
    ).toBe(200);
    await addPasskey(browser, 'another');
  });

  it('leaves a whole chain of records', async () => {
    expect(await findAuditBreak(world.database.db)).toBeUndefined();
  });
});
