import type { Answer, Call } from './https-call.ts';
import type { World } from './world.ts';

/** What a browser holds and sends for somebody who signed in. */
export interface Browser {
  readonly headers: Readonly<Record<string, string>>;
  get(path: string, call?: Partial<Call>): Promise<Answer>;
  send(method: string, path: string, body?: object): Promise<Answer>;
}

/** What somebody types. */
interface Credentials {
  readonly name: string;
  readonly password: string;
  readonly code?: string;
}

/** As a page of the manager itself asks. */
export const OWN_PAGE = {
  'sec-fetch-site': 'same-origin',
  'linux-patch-request': '1',
  'user-agent': 'Firefox',
};

/** Tries to sign in, as a page does; with what the browser held before. */
export function trySignIn(
  world: World,
  body: Credentials,
  { cookie, ...call }: Partial<Call> & { readonly cookie?: string } = {},
): Promise<Answer> {
  const headers = { ...OWN_PAGE, ...(cookie === undefined ? {} : { cookie }), ...call.headers };
  return world.call({ ...call, method: 'POST', path: '/api/v1/session', body, headers });
}

/** The cookie of an answer, as a browser sends it back. */
export function cookieOf({ headers }: Answer): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

/** A browser in which somebody has signed in. */
export async function signIn(
  world: World,
  who: Credentials,
  place: Partial<Call> & { readonly cookie?: string } = {},
): Promise<Browser> {
  const answer = await trySignIn(world, who, place);
  if (answer.status !== 200) throw new Error(`signing in was answered ${answer.status}: ${answer.text}`);
  const headers = { ...OWN_PAGE, cookie: cookieOf(answer) };
  return {
    headers,
    get: (path, call) => world.call({ ...call, path, headers: { ...headers, ...call?.headers } }),
    send: (method, path, body) => world.call({ method, path, body, headers }),
  };
}
