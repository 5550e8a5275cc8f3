import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trySignIn } from './browser.ts';
import { CLIENT, type IdentityProvider } from './identity-provider.ts';
import {
  beginAgain,
  beginOidc,
  bringBack,
  enterByOidc,
  newOidcPerson,
  ORIGIN,
  openOidcWorld,
  REDIRECT_URI,
  showAgain,
  tryOidc,
  visitor,
  visitProvider,
} from './oidc-people.ts';
import { faultOf } from './operator.ts';
import { askedOfStrangers, HONEST, sendProof, withPasskey } from './passkey-people.ts';
import { audited, changePerson, PASSWORD } from './signed-people.ts';
import { startWorld, type World } from './world.ts';

const stack = new AsyncDisposableStack();
let world: World;
let provider: IdentityProvider;
beforeAll(async () => {
  ({ world, provider } = stack.use(await openOidcWorld({ timeout_seconds: 2 })));
});
afterAll(() => stack.disposeAsync());

const lastRefusal = async () => (await audited(world, 'sign_in_refused')).at(-1);

describe('signing in with the identity provider', () => {
  it('is offered by the name that people know it by, at the address of the page', async () => {
    const answer = await world.call({ path: '/api/v1/session/oidc' });
    expect(answer.json().data).toEqual({ name: 'Example ID', origin: ORIGIN });
  });

  it('goes there with PKCE, state and nonce, and to the one address that is registered', async () => {
    const { url, cookie } = await beginOidc(world);
    const { origin, searchParams } = new URL(url);
    expect(origin).toBe(provider.issuer);
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: CLIENT.id,
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      state: expect.stringMatching(/^sign-in\.[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(cookie).toMatch(/^__Host-linux-patch-oidc=[\w-]+$/);
    expect(cookie).not.toContain(searchParams.get('state'));
  });

  it('lets in whom an administrator made, by the subject alone', async () => {
    const who = await newOidcPerson(world, 'ada', 'operator');
    provider.people.set(who.login, { preferred_username: 'mallory', email: 'root@example.org' });
    const browser = await enterByOidc(world, provider, who);
    const { answer } = browser;
    expect(answer.json().data).toMatchObject({
      person: {
        name: 'ada',
        role: 'operator',
        oidc: { issuer: provider.issuer, subject: who.login },
        second_factor: false,
      },
    });
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^__Host-linux-patch=.*Secure; HttpOnly; SameSite=Lax$/,
    );
    expect((await browser.get('/api/v1/hosts')).status).toBe(200);
    expect((await audited(world, 'person_signed_in')).at(-1)).toMatchObject({
      actor: 'person:ada',
      by: 'oidc',
      address: expect.stringMatching(/^127\.1\./),
    });
  });

  it('lets nobody in whom nobody made, and says by what they are to be made', async () => {
    provider.people.set('a-stranger', {
      preferred_username: 'ada',
      email: 'ada@example.org',
      email_verified: true,
    });
    const answer = await tryOidc(world, provider, visitor('a-stranger'));
    expect(faultOf(answer)).toEqual([
      401,
      'UNAUTHORIZED',
      expect.stringMatching(/this manager does not: nobody made you.*--oidc-subject a-stranger/),
    ]);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(await lastRefusal()).toEqual({
      actor: 'unknown',
      address: expect.stringMatching(/^127\.1\./),
      wrong: 'oidc',
      why: 'this manager knows nobody of this subject',
      subject: 'a-stranger',
    });
  });

  it('names a subject in a command as one word of the shell, whatever the provider calls them', async () => {
    const answer = await tryOidc(world, provider, visitor("x;reboot'$(id)"));
    expect(faultOf(answer)[2]).toMatch(/--oidc-subject 'x;reboot'\\''\$\(id\)'$/);
  });

  it('lets nobody in who was shut out', async () => {
    const who = await newOidcPerson(world, 'shut-out');
    const browser = await enterByOidc(world, provider, who);
    await changePerson(world, 'shut-out', { disabled: true });
    expect((await browser.get('/api/v1/session')).status).toBe(401);
    expect(faultOf(await tryOidc(world, provider, who))[2]).toMatch(/an administrator has shut you out/);
    expect(await lastRefusal()).toMatchObject({ person: 'shut-out', why: 'they are disabled' });
  });

  it('is the only way in for who signs in so: no password, authenticator or passkey', async () => {
    const who = await newOidcPerson(world, 'only-so');
    for (const password of ['', PASSWORD, 'null'])
      expect((await trySignIn(world, { name: 'only-so', password })).status).toBe(401);
    const browser = await enterByOidc(world, provider, { ...who, jar: visitor('').jar });
    const { db } = world.database;
    await db.updateTable('sessions').set({ proven_at: world.clock.now() }).execute();
    for (const [path, body] of [
      ['/me/authenticator', {}],
      ['/me/passkeys/offer', {}],
      ['/me/password', { current_password: 'any', new_password: PASSWORD }],
    ] as const)
      expect(faultOf(await browser.send('POST', `/api/v1${path}`, body))).toEqual([
        403,
        'FORBIDDEN',
        expect.stringContaining('You sign in with the identity provider, and in no other way'),
      ]);
  });

  it('does not keep out whom root gives a password, and is over for them then', async () => {
    const who = await newOidcPerson(world, 'locked-out');
    const browser = await enterByOidc(world, provider, who);
    const reset = await world.admin('/people/locked-out/reset', { password: PASSWORD });
    expect(reset.json().data).toMatchObject({ oidc: null });
    expect((await browser.get('/api/v1/session')).status).toBe(401);
    expect((await trySignIn(world, { name: 'locked-out', password: PASSWORD })).status).toBe(200);
    expect((await tryOidc(world, provider, who)).status).toBe(401);
    expect((await audited(world, 'person_reset')).at(-1)).toMatchObject({
      person: 'locked-out',
      issuer: provider.issuer,
      subject: who.login,
    });
    const back = await changePerson(world, 'locked-out', { oidc_subject: who.login });
    expect(back.json().data).toMatchObject({ oidc: { subject: who.login } });
    expect((await trySignIn(world, { name: 'locked-out', password: PASSWORD })).status).toBe(401);
    await enterByOidc(world, provider, who);
  });

  it('takes password, authenticator and passkeys from whom it is given to', async () => {
    const { who, device, browser } = await withPasskey(world);
    const changed = await changePerson(world, who.name, { oidc_subject: 'with-a-passkey' });
    expect(changed.json().data).toMatchObject({ passkeys: 0, authenticator: false });
    expect((await browser.get('/api/v1/session')).status).toBe(401);
    expect((await trySignIn(world, who)).status).toBe(401);
    const proof = device.get({ challenge: await askedOfStrangers(world), ...HONEST });
    expect((await sendProof(world, proof)).status).toBe(401);
    const { answer } = await enterByOidc(world, provider, visitor('with-a-passkey'));
    expect(answer.json().data.person.name).toBe(who.name);
    const codes = await world.database.db.selectFrom('recovery_codes').selectAll().execute();
    expect(codes).toEqual([]);
  });

  it('is of one person for each subject', async () => {
    await newOidcPerson(world, 'the-one');
    const subject = 'subject-of-the-one';
    const other = await world.admin('/people', { name: 'the-other', role: 'admin', oidc_subject: subject });
    expect(faultOf(other)).toEqual([409, 'PERSON_CONFLICT', expect.stringContaining('the-one signs in as')]);
    await world.remove('/people/the-one');
    const next = await world.admin('/people', { name: 'the-next', role: 'admin', oidc_subject: subject });
    expect(next.status, next.text).toBe(200);
  });

  it('takes either a password or a subject for somebody who is made', async () => {
    const both = { password: PASSWORD, oidc_subject: 'both' };
    for (const how of [both, {}, { oidc_subject: 'with blank' }, { oidc_subject: 'x'.repeat(256) }])
      expect((await world.admin('/people', { name: 'neither', role: 'admin', ...how })).status).toBe(400);
  });

  it('is not there where no provider is configured', async () => {
    await using plain = await startWorld();
    expect((await plain.call({ path: '/api/v1/session/oidc' })).json().data).toMatchObject({ name: null });
    const headers = { 'sec-fetch-site': 'same-origin', 'linux-patch-request': '1' };
    const path = '/api/v1/session/oidc/begin';
    expect(faultOf(await plain.call({ method: 'POST', path, headers }))).toEqual([
      404,
      'NOT_FOUND',
      expect.stringContaining('No identity provider is configured'),
    ]);
    expect((await bringBack(plain, { answer: 'code=a&state=b', cookie: '' })).status).toBe(404);
    const made = await plain.admin('/people', { name: 'ada', role: 'admin', oidc_subject: 'a' });
    expect(made.json().error.message).toContain('No identity provider is configured');
  });
});

describe('what was begun', () => {
  it('counts in the browser that began it alone', async () => {
    const who = await newOidcPerson(world, 'bound');
    const [mine, other] = [await beginOidc(world), await beginOidc(world)];
    const { answer } = await visitProvider(provider, mine.url, who);
    for (const cookie of ['', other.cookie, `${mine.cookie}A`, '__Host-linux-patch-oidc=AAAA'])
      expect(faultOf(await bringBack(world, { answer, cookie }))).toEqual([
        401,
        'UNAUTHORIZED',
        expect.stringContaining('This was not begun in this browser'),
      ]);
    expect((await bringBack(world, { answer, cookie: mine.cookie })).status).toBe(200);
  });

  it('counts once', async () => {
    const who = await newOidcPerson(world, 'once');
    const { url, cookie } = await beginOidc(world);
    const { answer } = await visitProvider(provider, url, who);
    expect((await bringBack(world, { answer, cookie })).status).toBe(200);
    const asked = provider.asked.get('/token');
    expect((await bringBack(world, { answer, cookie })).status).toBe(401);
    expect(provider.asked.get('/token')).toBe(asked);
  });

  it('is over after ten minutes', async () => {
    await using late = await startWorld({ oidc: provider.settings });
    const who = await newOidcPerson(late, 'late');
    const { url, cookie } = await beginOidc(late);
    const { answer } = await visitProvider(provider, url, who);
    await late.advance(600_000);
    expect((await bringBack(late, { answer, cookie })).status).toBe(401);
  });

  it('is asked for by the page itself alone, and brought back by it', async () => {
    const path = '/api/v1/session/oidc/begin';
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', 'linux-patch-request': '1' },
      { 'sec-fetch-site': 'same-origin' },
      { origin: 'https://evil.example', 'linux-patch-request': '1' },
    ]) {
      expect((await world.call({ method: 'POST', path, headers })).status).toBe(403);
      const body = { answer: 'code=a&state=b' };
      const back = await world.call({ method: 'POST', path: '/api/v1/session/oidc', headers, body });
      expect(back.status).toBe(403);
    }
  });

  it('is begun at the address to which the provider sends people back', async () => {
    const origin = `https://127.0.0.1:${world.port}`;
    const headers = { 'sec-fetch-site': 'same-origin', 'linux-patch-request': '1', origin };
    const answer = await world.call({ method: 'POST', path: '/api/v1/session/oidc/begin', headers });
    expect(faultOf(answer)).toEqual([403, 'FORBIDDEN', expect.stringContaining(`works at ${ORIGIN} alone`)]);
  });

  it('says what the provider says when that lets nobody in', async () => {
    const { url, cookie } = await beginOidc(world);
    const state = new URL(url).searchParams.get('state') ?? '';
    const said = {
      state,
      error: 'access_denied',
      error_description: 'no\u001b[31m licence',
      iss: provider.issuer,
    };
    const answer = await bringBack(world, { answer: new URLSearchParams(said).toString(), cookie });
    expect(faultOf(answer)[2]).toBe('Example ID did not sign you in (access_denied: no\\u001b[31m licence).');
  });

  it('refuses an answer of another provider', async () => {
    const who = await newOidcPerson(world, 'mixed-up');
    const { url, cookie } = await beginOidc(world);
    const { answer } = await visitProvider(provider, url, who);
    const mixed = new URLSearchParams(answer);
    mixed.set('iss', 'https://evil.example');
    const refused = faultOf(await bringBack(world, { answer: mixed.toString(), cookie }));
    expect(refused).toEqual([401, 'UNAUTHORIZED', expect.stringContaining('does not prove who you are')]);
  });

  it('refuses a code that it was not given for', async () => {
    const who = await newOidcPerson(world, 'injected');
    const [theirs, mine] = [await beginOidc(world), await beginOidc(world)];
    const stolen = new URLSearchParams((await visitProvider(provider, theirs.url, who)).answer);
    const { answer } = await visitProvider(provider, mine.url, visitor('somebody'));
    const mixed = new URLSearchParams(answer);
    mixed.set('code', stolen.get('code') ?? '');
    const refused = await bringBack(world, { answer: mixed.toString(), cookie: mine.cookie });
    expect(faultOf(refused)).toEqual([401, 'UNAUTHORIZED', expect.stringContaining('invalid_grant')]);
  });

  it('is limited for each address, and failures there slow it down', async () => {
    const headers = { 'sec-fetch-site': 'same-origin', 'linux-patch-request': '1' };
    const begin = () =>
      world.call({
        method: 'POST',
        path: '/api/v1/session/oidc/begin',
        headers,
        localAddress: '127.0.0.9',
      });
    const begun = await Promise.all(Array.from({ length: 31 }, begin));
    expect(begun.filter(({ status }) => status === 429)).toHaveLength(1);
    const bring = () => bringBack(world, { answer: 'code=a&state=b', cookie: '', localAddress: '127.0.0.9' });
    for (let tries = 0; tries < 20; tries += 1) expect((await bring()).status).toBe(401);
    expect((await bring()).status).toBe(429);
  });
});

it('secrets of all this are nowhere: not in the database, the log or an answer', async () => {
  const who = await newOidcPerson(world, 'discreet');
  const { url, cookie } = await beginOidc(world);
  const { answer } = await visitProvider(provider, url, who);
  // As a browser opens what the provider sends it back to.
  await world.call({ path: `/sign-in/return?${answer}`, headers: { accept: 'text/html' } });
  const entered = await bringBack(world, { answer, cookie });
  const browser = { ...(await enterByOidc(world, provider, who)), who };
  const again = await beginAgain(browser);
  const shown = await visitProvider(provider, again.url, who);
  expect((await showAgain(world, browser, { ...again, answer: shown.answer })).status).toBe(200);
  const codes = [answer, shown.answer].map((one) => new URLSearchParams(one).get('code') ?? '');
  const seen = [
    (await world.storedBytes()).toString('latin1'),
    JSON.stringify(world.logger.records),
    entered.text,
  ];
  for (const text of seen) for (const secret of [CLIENT.secret, ...codes]) expect(text).not.toContain(secret);
  expect(await world.adminText('/api/v1/configuration')).not.toContain(CLIENT.secret);
});
