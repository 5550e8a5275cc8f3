import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect } from 'vitest';
import { type Browser, cookieOf, OWN_PAGE } from './browser.ts';
import type { Answer, Call } from './https-call.ts';
import { callHttps } from './https-call.ts';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { startWorld, type World } from './world.ts';

/** As the configuration of `startWorld` has it. */
export const ORIGIN = 'https://manager.example.test:8443';
export const REDIRECT_URI = `${ORIGIN}/sign-in/return`;

/** A provider, and a manager whose people sign in with it. @param settings of `oidc` beside what it takes to ask this provider */
export async function openOidcWorld(settings: object = {}) {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder());
  const provider = stack.use(await startIdentityProvider(folder, REDIRECT_URI));
  const world = stack.use(await startWorld({ oidc: { ...provider.settings, ...settings } }));
  const owned = stack.move();
  return { world, provider, folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What a browser keeps of a provider: its cookies, by which somebody is signed in there. */
export class Jar {
  readonly #cookies = new Map<string, string>();

  take({ headers }: Answer): void {
    for (const line of headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

/**
 * Goes to a provider as a browser does, and signs in there when it asks.
 * @returns the query with which it sends the browser back, and whether it asked
 */
export async function visitProvider(
  provider: IdentityProvider,
  url: string,
  { login, jar }: { readonly login: string; readonly jar: Jar },
): Promise<{ readonly answer: string; readonly askedThere: boolean }> {
  const port = Number(new URL(provider.issuer).port);
  let askedThere = false;
  let next = new URL(url);
  for (let step = 0; step < 10; step += 1) {
    const go = async (call: Partial<Call>): Promise<string | undefined> => {
      const headers = { ...call.headers, cookie: jar.header, host: new URL(provider.issuer).host };
      const path = next.pathname + next.search;
      const said = await callHttps({ port, ca: provider.caPem }, { path, ...call, headers });
      jar.take(said);
      if (said.status >= 400) throw new Error(`the provider says ${said.status}: ${said.text}`);
      return said.headers.location;
    };
    let to = await go({});
    if (to === undefined) {
      askedThere = true;
      to = await go({
        method: 'POST',
        body: new URLSearchParams({ prompt: 'login', login, password: 'any' }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
    }
    next = new URL(to ?? '', next);
    if (next.origin === ORIGIN) return { answer: next.search.slice(1), askedThere };
  }
  throw new Error(`the provider did not send the browser back: ${next.href}`);
}

/** Somebody's browser, with what it holds of the manager and of the provider. */
export interface Visitor {
  readonly login: string;
  readonly jar: Jar;
}

export const visitor = (login: string): Visitor => ({ login, jar: new Jar() });

let places = 0;
/** An address from which nobody called before: what is limited for each is not what a test is about. */
function newAddress(): string {
  places += 1;
  return `127.1.${Math.floor(places / 250)}.${(places % 250) + 1}`;
}

/** Begins to sign in: where to go, what the browser is to hold, and where it is. */
export async function beginOidc(world: World) {
  const localAddress = newAddress();
  const path = '/api/v1/session/oidc/begin';
  const begun = await world.call({ method: 'POST', path, headers: OWN_PAGE, localAddress });
  expect(begun.status, begun.text).toBe(200);
  return { url: begun.json().data.url, cookie: cookieOf(begun), localAddress };
}

/** Brings back what the provider answered. */
export function bringBack(
  world: World,
  { answer, cookie, ...call }: { readonly answer: string; readonly cookie: string } & Partial<Call>,
): Promise<Answer> {
  const headers = { ...OWN_PAGE, cookie };
  const place = { method: 'POST', path: '/api/v1/session/oidc', localAddress: newAddress(), ...call };
  return world.call({ ...place, body: { answer }, headers });
}

/** Tries to sign in with the provider, as a browser does. */
export async function tryOidc(world: World, provider: IdentityProvider, who: Visitor): Promise<Answer> {
  const { url, cookie, localAddress } = await beginOidc(world);
  const { answer } = await visitProvider(provider, url, who);
  return bringBack(world, { answer, cookie, localAddress });
}

/** Signs in with the provider. */
export async function enterByOidc(
  world: World,
  provider: IdentityProvider,
  who: Visitor,
): Promise<Browser & { readonly answer: Answer }> {
  const answer = await tryOidc(world, provider, who);
  expect(answer.status, answer.text).toBe(200);
  const headers = { ...OWN_PAGE, cookie: cookieOf(answer) };
  return {
    answer,
    headers,
    get: (path) => world.call({ path, headers }),
    send: (method, path, body) => world.call({ method, path, body, headers }),
  };
}

/** Makes somebody who signs in with the provider. */
export async function newOidcPerson(world: World, name: string, role = 'admin'): Promise<Visitor> {
  const subject = `subject-of-${name}`;
  const made = await world.admin('/people', { name, role, oidc_subject: subject });
  expect(made.status, made.text).toBe(200);
  return visitor(subject);
}

/** Begins, in the browser of somebody signed in, to show again that it is them. */
export async function beginAgain(browser: Browser) {
  const begun = await browser.send('POST', '/api/v1/session/step-up/oidc');
  expect(begun.status, begun.text).toBe(200);
  return { url: begun.json().data.url, cookie: cookieOf(begun) };
}

/** Brings back what the provider answered to that. */
export function showAgain(
  world: World,
  { headers }: Browser,
  { answer, cookie }: { readonly answer: string; readonly cookie: string },
): Promise<Answer> {
  const both = { ...headers, cookie: `${headers['cookie']}; ${cookie}` };
  return world.call({
    method: 'POST',
    path: '/api/v1/session/step-up',
    body: { oidc: answer },
    headers: both,
  });
}
