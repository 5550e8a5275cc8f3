import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from './browser.ts';
import { OWN_PAGE, signIn } from './browser.ts';
import { type IdentityProvider, signToken } from './identity-provider.ts';
import {
  beginAgain,
  enterByOidc,
  newOidcPerson,
  openOidcWorld,
  showAgain,
  type Visitor,
  visitor,
  visitProvider,
} from './oidc-people.ts';
import { faultOf } from './operator.ts';
import { audited, newPerson, PASSWORD } from './signed-people.ts';
import type { World } from './world.ts';

const stack = new AsyncDisposableStack();
let world: World;
let provider: IdentityProvider;
beforeAll(async () => {
  ({ world, provider } = stack.use(await openOidcWorld()));
});
afterAll(() => stack.disposeAsync());
afterEach(() => provider.beHonest());

const makeToken = (browser: Browser) => browser.send('POST', '/api/v1/tokens', {});

/** Somebody signed in by the provider, whose proof is over. */
async function signedIn(name: string): Promise<Browser & { readonly who: Visitor }> {
  const who = await newOidcPerson(world, name);
  return { ...(await enterByOidc(world, provider, who)), who };
}

describe('who signed in with the identity provider', () => {
  it('has shown nothing by a sign-in that the provider did not ask for', async () => {
    const browser = await signedIn('silent');
    expect(faultOf(await makeToken(browser))).toEqual([
      403,
      'STEP_UP_REQUIRED',
      expect.stringContaining('your sign-in with the identity provider again'),
    ]);
    const { error } = (await makeToken(browser)).json();
    expect(error.details).toEqual({ by: 'oidc' });
  });

  it('has shown it when the provider says that they did just now', async () => {
    const who = await newOidcPerson(world, 'just-now');
    const now = Math.floor(world.clock.now() / 1_000);
    const says = (auth_time: number) => {
      provider.lies.token = ({ header, claims }) =>
        signToken({ header, claims: { ...claims, auth_time } }, provider.key);
    };
    says(now - 500);
    expect((await makeToken(await enterByOidc(world, provider, who))).status).toBe(200);
    says(now - 700);
    expect((await makeToken(await enterByOidc(world, provider, who))).status).toBe(403);
    says(now + 86_400);
    const { answer } = await enterByOidc(world, provider, who);
    const until = Date.parse(answer.json().data.proven_until);
    expect(until).toBeLessThanOrEqual(world.clock.now() + 600_000);
    says((now - 86_400) * 1_000);
    expect((await makeToken(await enterByOidc(world, provider, who))).status).toBe(403);
  });

  it('is asked there again, though they are signed in there, and that is a proof for ten minutes', async () => {
    const browser = await signedIn('again');
    const { url, cookie } = await beginAgain(browser);
    const { searchParams } = new URL(url);
    expect(searchParams.get('max_age')).toBe('0');
    expect(searchParams.get('prompt')).toBe('login');
    expect(searchParams.get('state')).toMatch(/^step-up\./);
    const { answer, askedThere } = await visitProvider(provider, url, browser.who);
    expect(askedThere).toBe(true);
    const shown = await showAgain(world, browser, { answer, cookie });
    expect(shown.status, shown.text).toBe(200);
    expect((await makeToken(browser)).status).toBe(200);
    expect((await audited(world, 'person_stepped_up')).at(-1)).toMatchObject({
      actor: 'person:again',
      by: 'oidc',
    });
    const again = await showAgain(world, browser, { answer, cookie });
    expect(faultOf(again)).toEqual([403, 'FORBIDDEN', expect.stringContaining('Nothing was done')]);
  });

  it.each<[string, object, RegExp]>([
    ['does not say when they did', { auth_time: undefined }, /auth_time.*is missing/],
    [
      'says that it was before it was asked',
      { auth_time: Math.floor(Date.now() / 1_000) - 300 },
      /did not ask you again/,
    ],
    ['says when in words', { auth_time: 'now' }, /auth_time/],
    [
      'says when in milliseconds',
      { auth_time: Date.now() - 86_400_000 },
      /auth_time.*yet to come.*in seconds/,
    ],
    ['names somebody else', { sub: 'somebody-else' }, /you are somebody else \(somebody-else\)/],
  ])('has shown nothing when the provider %s', async (what, change, why) => {
    const browser = await signedIn(`when-${what.replaceAll(' ', '-')}`);
    const { url, cookie } = await beginAgain(browser);
    const { answer } = await visitProvider(provider, url, browser.who);
    provider.lies.token = ({ header, claims }) =>
      signToken({ header, claims: { ...claims, ...change } }, provider.key);
    const refused = faultOf(await showAgain(world, browser, { answer, cookie }));
    expect(refused).toEqual([403, 'FORBIDDEN', expect.stringMatching(why)]);
    expect((await makeToken(browser)).status).toBe(403);
  });

  it('shows it in the session that asked, to sign in proves nothing, and the reverse', async () => {
    const who = await newOidcPerson(world, 'two-sessions');
    const [one, other] = [
      await enterByOidc(world, provider, who),
      await enterByOidc(world, provider, visitor(who.login)),
    ];
    const { url, cookie } = await beginAgain(one);
    const { answer } = await visitProvider(provider, url, who);
    expect((await showAgain(world, other, { answer, cookie })).status).toBe(403);
    const headers = { ...one.headers, cookie };
    const path = '/api/v1/session/oidc';
    expect((await world.call({ method: 'POST', path, body: { answer }, headers })).status).toBe(401);
    expect((await showAgain(world, one, { answer, cookie })).status).toBe(200);
  });

  it('loses nothing by links of somebody else, which bring answers that this browser did not ask for', async () => {
    const browser = await signedIn('led-astray');
    const path = '/api/v1/session/oidc';
    const strange = { answer: 'code=a&state=sign-in.b', cookie: '' };
    for (let link = 0; link < 7; link += 1) {
      const step = { ...strange, answer: 'code=a&state=step-up.b' };
      expect((await showAgain(world, browser, step)).status).toBe(403);
      const body = { answer: strange.answer };
      const came = {
        method: 'POST',
        path,
        body,
        headers: browser.headers,
        localAddress: `127.8.0.${link + 1}`,
      };
      expect((await world.call(came)).status).toBe(401);
    }
    const { url, cookie } = await beginAgain(browser);
    const { answer } = await visitProvider(provider, url, browser.who);
    expect((await showAgain(world, browser, { answer, cookie })).status).toBe(200);
  });

  it('waits for no stranger at the same address to begin', async () => {
    const browser = await signedIn('neighbour');
    const path = '/api/v1/session/oidc/begin';
    const began = () => world.call({ method: 'POST', path, headers: OWN_PAGE });
    const strangers = await Promise.all(Array.from({ length: 31 }, began));
    expect(strangers.some(({ status }) => status === 429)).toBe(true);
    await beginAgain(browser);
  });

  it('shows it by nothing else', async () => {
    const browser = await signedIn('nothing-else');
    for (const body of [{ password: '' }, { password: PASSWORD }, { code: '123456' }, {}])
      expect(faultOf(await browser.send('POST', '/api/v1/session/step-up', body))).toEqual([
        403,
        'FORBIDDEN',
        expect.stringContaining('show there that it is you'),
      ]);
  });
});

it('who has a password shows nothing by the identity provider', async () => {
  const browser = await signIn(world, await newPerson(world));
  expect(faultOf(await browser.send('POST', '/api/v1/session/step-up/oidc'))).toEqual([
    403,
    'FORBIDDEN',
    expect.stringContaining('You sign in with a password'),
  ]);
  const body = { oidc: 'code=a&state=b' };
  for (let link = 0; link < 7; link += 1)
    expect((await browser.send('POST', '/api/v1/session/step-up', body)).status).toBe(403);
  const shown = await browser.send('POST', '/api/v1/session/step-up', { password: PASSWORD });
  expect(shown.status, shown.text).toBe(200);
});
