import { expect } from 'vitest';
import { type Browser, cookieOf, OWN_PAGE, signIn } from './browser.ts';
import type { Answer, Call } from './https-call.ts';
import { newPerson } from './signed-people.ts';
import {
  type Algorithm,
  type Signing,
  type SoftwareAuthenticator,
  softwareAuthenticator,
} from './software-authenticator.ts';
import type { World } from './world.ts';

/** As the configuration of `startWorld` has it. */
export const ORIGIN = 'https://manager.example.test:8443';
export const RP_ID = 'manager.example.test';
export const HONEST = { origin: ORIGIN, rpId: RP_ID };

/** Asks for a new passkey, and lets an authenticator make it. */
export async function makePasskey(
  browser: Browser,
  options: { readonly algorithm?: Algorithm; readonly counts?: boolean } = {},
  change: Partial<Signing> = {},
) {
  const offer = await browser.send('POST', '/api/v1/me/passkeys/offer');
  expect(offer.status, offer.text).toBe(200);
  const { creation } = offer.json().data;
  const device = softwareAuthenticator(creation.user.id, options);
  return { device, made: device.create({ challenge: creation.challenge, ...HONEST, ...change }) };
}

/** Adds one of this name to whoever is signed in here. */
export async function addPasskey(
  browser: Browser,
  name: string,
  options: Parameters<typeof makePasskey>[1] = {},
): Promise<{ readonly device: SoftwareAuthenticator; readonly answer: Answer }> {
  const { device, made } = await makePasskey(browser, options);
  const answer = await browser.send('POST', '/api/v1/me/passkeys', { name, ...made });
  expect(answer.status, answer.text).toBe(200);
  return { device, answer };
}

/** Somebody with one passkey, who is signed in. */
export async function withPasskey(world: World, options: Parameters<typeof makePasskey>[1] = {}) {
  const who = await newPerson(world);
  const browser = await signIn(world, who);
  const { device, answer } = await addPasskey(browser, 'telephone', options);
  const { recovery_codes: recovery, passkey } = answer.json().data;
  return { who, browser, device, recovery, passkey };
}

/** What a stranger's browser is asked. */
export async function askedOfStrangers(world: World): Promise<string> {
  const { request } = (await world.call({ path: '/api/v1/session/passkey' })).json().data;
  return request?.challenge ?? '';
}

/** What the browser of somebody signed in is asked. */
export async function askedAgain(browser: Browser): Promise<string> {
  const { request } = (await browser.get('/api/v1/session/step-up')).json().data;
  return request?.challenge ?? '';
}

/** Sends what an authenticator signed, to sign in. */
export function sendProof(
  world: World,
  body: object,
  { cookie, ...call }: Partial<Call> & { readonly cookie?: string } = {},
): Promise<Answer> {
  const headers = { ...OWN_PAGE, ...(cookie === undefined ? {} : { cookie }) };
  return world.call({ method: 'POST', path: '/api/v1/session/passkey', body, headers, ...call });
}

/** Signs in with a passkey. */
export async function enter(world: World, device: SoftwareAuthenticator): Promise<Browser> {
  const answer = await sendProof(world, device.get({ challenge: await askedOfStrangers(world), ...HONEST }));
  expect(answer.status, answer.text).toBe(200);
  const headers = { ...OWN_PAGE, cookie: cookieOf(answer) };
  return {
    headers,
    get: (path) => world.call({ path, headers }),
    send: (method, path, body) => world.call({ method, path, body, headers }),
  };
}
