import { MAX_PASSKEYS } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAuditBreak } from './audit-break.ts';
import { cookieOf, signIn } from './browser.ts';
import {
  addPasskey,
  askedAgain,
  askedOfStrangers,
  enter,
  HONEST,
  makePasskey,
  sendProof,
  withPasskey,
} from './passkey-people.ts';
import { audited, newPerson } from './signed-people.ts';
import type { Signing } from './software-authenticator.ts';
import { startWorld, type World } from './world.ts';

const MINUTE_MS = 60_000;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

let caller = 1;
/** From an address of its own, so that the delays for failures are not what is seen. */
async function tryToEnter(body: object) {
  caller += 1;
  const answer = await sendProof(world, body, { localAddress: `127.0.4.${caller}` });
  const { status } = answer;
  return { status, message: status === 200 ? '' : answer.json().error.message, cookie: cookieOf(answer) };
}
const refusedAs = (why: RegExp) => ({ status: 401, message: expect.stringMatching(why), cookie: '' });

describe('what a passkey signed', () => {
  it('counts once, also when it comes twice at the same moment, and when it does not count its uses', async () => {
    for (const counts of [true, false]) {
      const { device } = await withPasskey(world, { counts });
      const proof = device.get({ challenge: await askedOfStrangers(world), ...HONEST });
      const both = await Promise.all([tryToEnter(proof), sendProof(world, proof)]);
      expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 401]));
      expect(await tryToEnter(proof)).toEqual(refusedAs(/was sent before/));
    }
  });

  it('counts for five minutes, and not after the manager was restarted', async () => {
    const { device } = await withPasskey(world);
    const late = device.get({ challenge: await askedOfStrangers(world), ...HONEST });
    await world.advance(5 * MINUTE_MS);
    expect(await tryToEnter(late)).toEqual(refusedAs(/longer than five minutes/));
    const before = device.get({ challenge: await askedOfStrangers(world), ...HONEST });
    await world.restart();
    expect(await tryToEnter(before)).toEqual(refusedAs(/was restarted/));
    await enter(world, device);
  });

  it('counts for its own purpose and session alone', async () => {
    const [ada, eve] = [await withPasskey(world), await withPasskey(world)];
    const elsewhere = await enter(world, ada.device);
    const [forEntry, forAda, forEve, forThere] = [
      await askedOfStrangers(world),
      await askedAgain(ada.browser),
      await askedAgain(eve.browser),
      await askedAgain(elsewhere),
    ];
    for (const challenge of [forEntry, forEve, forThere]) {
      const passkey = ada.device.get({ challenge, ...HONEST });
      const answer = await ada.browser.send('POST', '/api/v1/session/step-up', { passkey });
      expect([answer.status, answer.json().error.message]).toEqual([
        403,
        expect.stringContaining('no question of this session'),
      ]);
    }
    expect(await tryToEnter(ada.device.get({ challenge: forAda, ...HONEST }))).toEqual(
      refusedAs(/no question/),
    );
    const { made } = await makePasskey(ada.browser);
    const inHers = await eve.browser.send('POST', '/api/v1/me/passkeys', { name: 'hers', ...made });
    expect([inHers.status, inHers.json().error.message]).toEqual([
      403,
      expect.stringContaining('no question'),
    ]);
  });

  const otherwise: readonly (readonly [string, Partial<Signing>, RegExp])[] = [
    [
      'for a page of another origin',
      { origin: 'https://manager.example.test.evil.test' },
      /another page than that/,
    ],
    [
      'for the same host at another port',
      { origin: 'https://manager.example.test' },
      /another page than that/,
    ],
    ['for another site', { rpId: 'evil.test' }, /of another site/],
    ['within a page of another site', { clientData: { crossOrigin: true } }, /within a page/],
    [
      'with a challenge that nobody made',
      { challenge: Buffer.alloc(44).toString('base64url') },
      /no question/,
    ],
    ['with no challenge at all', { challenge: '' }, /no question/],
    ['for a new passkey', { type: 'webauthn.create' }, /something else/],
    ['without a PIN or a finger', { flags: 0x01 }, /did not ask for a PIN/],
    ['while nobody was there', { flags: 0x04 }, /did not ask for a PIN/],
  ];
  it.each(otherwise)('%s lets nobody in, and is on record', async (_what, change, why) => {
    const { who, device } = await withPasskey(world);
    const challenge = await askedOfStrangers(world);
    expect(await tryToEnter(device.get({ challenge, ...HONEST, ...change }))).toEqual(refusedAs(why));
    expect((await audited(world, 'sign_in_refused')).at(-1)).toMatchObject({
      actor: 'unknown',
      person: who.name,
      wrong: 'passkey',
    });
  });

  it('with another signature, by another key, or as somebody else lets nobody in', async () => {
    const [ada, eve] = [await withPasskey(world), await withPasskey(world)];
    const sign = async (device: typeof ada.device) =>
      device.get({ challenge: await askedOfStrangers(world), ...HONEST });
    const proof = await sign(ada.device);
    const bytes = Buffer.from(proof.signature, 'base64url');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const altered = { ...proof, signature: bytes.toString('base64url') };
    expect(await tryToEnter(altered)).toEqual(refusedAs(/signature is not by/));
    const hers = await sign(eve.device);
    expect(await tryToEnter({ ...hers, credential: ada.device.credential })).toEqual(
      refusedAs(/signature is not by/),
    );
    expect(await tryToEnter({ ...hers, user_handle: proof.user_handle })).toEqual(refusedAs(/somebody else/));
    const { user_handle: _handle, ...nameless } = await sign(eve.device);
    expect(await tryToEnter(nameless)).toEqual(refusedAs(/somebody else/));
    expect(await tryToEnter({ ...hers, credential: 'AAAA' })).toEqual(
      refusedAs(/does not know this passkey/),
    );
    expect(await tryToEnter(proof)).toMatchObject({ status: 200 });
  });

  it('with the passkey of somebody else is no proof in a session', async () => {
    const [ada, eve] = [await withPasskey(world), await withPasskey(world)];
    const passkey = eve.device.get({ challenge: await askedAgain(ada.browser), ...HONEST });
    const answer = await ada.browser.send('POST', '/api/v1/session/step-up', { passkey });
    expect([answer.status, answer.json().error.message]).toEqual([
      403,
      expect.stringContaining('does not know this passkey'),
    ]);
  });
});

describe('a copy of a passkey', () => {
  it('is noticed by its counter when it signs in, and that is on record', async () => {
    const { who, device } = await withPasskey(world);
    const copy = device.copy();
    await enter(world, device);
    const challenge = await askedOfStrangers(world);
    expect(await tryToEnter(copy.get({ challenge, ...HONEST }))).toEqual(refusedAs(/may have a copy of it/));
    const none = copy.get({ challenge: await askedOfStrangers(world), ...HONEST, counter: 0 });
    expect(await tryToEnter(none)).toEqual(refusedAs(/may have a copy of it/));
    const records = await audited(world, 'passkey_copied');
    expect(records.slice(-2)).toMatchObject([
      { actor: 'unknown', person: who.name, passkey: 'telephone', counter: 2, last: 2 },
      { actor: 'unknown', person: who.name, passkey: 'telephone', counter: 0, last: 2 },
    ]);
  });

  it('is noticed as a proof in a session', async () => {
    const { who, browser, device } = await withPasskey(world);
    const copy = device.copy();
    await enter(world, device);
    const passkey = copy.get({ challenge: await askedAgain(browser), ...HONEST });
    const answer = await browser.send('POST', '/api/v1/session/step-up', { passkey });
    expect([answer.status, answer.json().error.message]).toEqual([
      403,
      expect.stringContaining('copy of it'),
    ]);
    expect((await audited(world, 'passkey_copied')).at(-1)).toMatchObject({ actor: `person:${who.name}` });
  });

  it('cannot be claimed by somebody who has not its key', async () => {
    const { device } = await withPasskey(world);
    const before = (await audited(world, 'passkey_copied')).length;
    const proof = device.get({ challenge: await askedOfStrangers(world), ...HONEST, counter: 0 });
    const forged = { ...proof, signature: Buffer.alloc(64).toString('base64url') };
    expect((await tryToEnter(forged)).status).toBe(401);
    expect((await audited(world, 'passkey_copied')).length).toBe(before);
  });
});

describe('a new passkey', () => {
  const otherwise: readonly (readonly [string, Partial<Signing>, RegExp])[] = [
    ['made for another page', { origin: 'https://evil.test' }, /another page/],
    ['made for another site', { rpId: 'evil.test' }, /another site/],
    ['made without a PIN or a finger', { flags: 0x01 }, /did not ask for a PIN/],
    ['that is no new one', { type: 'webauthn.get' }, /something else/],
  ];
  it.each(otherwise)('%s is not added', async (_what, change, why) => {
    const browser = await signIn(world, await newPerson(world));
    const { made } = await makePasskey(browser, {}, change);
    const answer = await browser.send('POST', '/api/v1/me/passkeys', { name: 'another', ...made });
    expect([answer.status, answer.json().error.message]).toEqual([403, expect.stringMatching(why)]);
    expect((await browser.get('/api/v1/me/passkeys')).json().data.total).toBe(0);
  });

  it('is added once, by one person, and at most twenty times', async () => {
    const browser = await signIn(world, await newPerson(world));
    const { made, device } = await makePasskey(browser);
    const add = (body: object) => browser.send('POST', '/api/v1/me/passkeys', body);
    expect((await add({ name: 'one', ...made })).status).toBe(200);
    expect((await add({ name: 'one', ...made })).json().error.message).toMatch(/sent before/);
    const again = (await browser.send('POST', '/api/v1/me/passkeys/offer')).json().data.creation;
    expect(again.excludeCredentials).toEqual([{ type: 'public-key', id: device.credential }]);
    const same = device.create({ challenge: again.challenge, ...HONEST });
    expect((await add({ name: 'one', ...same })).json().error.message).toMatch(/added before/);
    for (let n = 1; n < MAX_PASSKEYS; n += 1) await addPasskey(browser, `number ${n}`);
    const { made: last } = await makePasskey(browser);
    expect((await add({ name: 'last', ...last })).json().error.message).toMatch(/may be no more/);
  });

  it('is not read when it is none, or more than the form has room for', async () => {
    const browser = await signIn(world, await newPerson(world));
    const { made } = await makePasskey(browser);
    const add = async (body: object) => (await browser.send('POST', '/api/v1/me/passkeys', body)).status;
    expect(await add({ ...made })).toBe(400);
    expect(await add({ name: 'a\nb', ...made })).toBe(400);
    expect(await add({ name: 'a', ...made, more: true })).toBe(400);
    expect(await add({ name: 'a', ...made, attestation: 'A'.repeat(16_385) })).toBe(400);
    expect(await add({ name: 'a', ...made, attestation: 'not base64url!' })).toBe(400);
    expect(await add({ name: 'a', ...made, attestation: 'oGRhdXRo' })).toBe(403);
    expect(await add({ name: 'a', ...made })).toBe(200);
  });
});

describe('a manager at an IP address', () => {
  it('has no passkeys, and says why', async () => {
    await using other = await startWorld({
      server: { bind: '127.0.0.1', port: 0, url: 'https://192.0.2.1:8443' },
    });
    const asked = (await other.call({ path: '/api/v1/session/passkey' })).json().data;
    expect(asked).toMatchObject({ request: null, unusable: expect.stringContaining('server.url') });
    const browser = await signIn(other, await newPerson(other));
    expect((await browser.get('/api/v1/me/passkeys')).json().data).toMatchObject({
      origin: 'https://192.0.2.1:8443',
      unusable: expect.stringContaining('names alone'),
    });
    const offer = await browser.send('POST', '/api/v1/me/passkeys/offer');
    expect([offer.status, offer.json().error.message]).toEqual([403, expect.stringContaining('names alone')]);
  });
});

describe('signing in with a passkey from a page of another site', () => {
  it('is refused before anything is read', async () => {
    const { device } = await withPasskey(world);
    const proof = device.get({ challenge: await askedOfStrangers(world), ...HONEST });
    const headers = {
      'sec-fetch-site': 'cross-site',
      'linux-patch-request': '1',
      origin: 'https://evil.test',
    };
    const answer = await world.call({
      method: 'POST',
      path: '/api/v1/session/passkey',
      body: proof,
      headers,
    });
    expect([answer.status, cookieOf(answer)]).toEqual([403, '']);
    expect((await sendProof(world, proof)).status).toBe(200);
  });

  it('leaves a whole chain of records', async () => {
    expect(await findAuditBreak(world.database.db)).toBeUndefined();
  });
});
