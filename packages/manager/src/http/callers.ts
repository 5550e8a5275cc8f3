import { createHash, timingSafeEqual } from 'node:crypto';
import { PatchError, SAYS_HEADER } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Shown, TokenHolders } from '../api-tokens/holders.ts';
import type { ShownSession } from '../people/find-session.ts';
import { type Actor, localActor, personActor, TOKEN_HOLDER, tokenActor } from './actor.ts';
import type { ManagerRequest } from './manager-request.ts';
import { requireOwnSite } from './own-site.ts';
import { createRateLimit } from './rate-limit.ts';
import type { Identify } from './routes.ts';
import { sessionCookieOf } from './session-cookie.ts';

/** Wrong tokens answered per minute and address; the right one never waits, or guessing would lock the owner out. */
const FAILURES_PER_MINUTE = 10;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

type Ended = Exclude<Shown, { readonly state: 'active' }>;

/** A caller without a valid credential; with `api_token` it had one once. */
interface RefusedCall {
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly api_token?: string;
  readonly state?: Ended['state'];
}

/** What is said to a caller; only who proved to have a token hears what became of it. */
function refusal(ended: Ended | undefined): PatchError {
  if (ended) {
    return new PatchError(
      'UNAUTHORIZED',
      `The API token ${ended.name} ${ended.state === 'revoked' ? 'was revoked' : 'ended'} at ${new Date(ended.endedAtMs).toISOString()}. ` +
        'On the manager\'s machine "linux-patch-manager api-tokens create" makes another one.',
    );
  }
  return new PatchError(
    'UNAUTHORIZED',
    "This path needs a credential. People sign in (POST /api/v1/session). On the manager's own machine use the command line, as root: sudo linux-patch-manager …; " +
      'a program elsewhere sends Authorization: Bearer TOKEN with a token of "linux-patch-manager api-tokens create".',
  );
}

type UseSession = (shown: string, address: string) => Promise<ShownSession | undefined>;

/**
 * Somebody who signed in; undefined when no session is shown, or none that was one.
 * @throws PatchError `UNAUTHORIZED` when it is over, `FORBIDDEN` when a page of another site asks
 */
async function findPerson(request: ManagerRequest, useSession: UseSession): Promise<Actor | undefined> {
  const cookie = sessionCookieOf(request.header('cookie'));
  const shown = cookie === undefined ? undefined : await useSession(cookie, request.observedAddress);
  if (!shown) return undefined;
  requireOwnSite(request);
  if (shown.state === 'active') return personActor(shown);
  throw new PatchError('UNAUTHORIZED', 'The session is over. Sign in again.');
}

/**
 * Knows callers by the listener they came in through, and over HTTPS by a session, an API token, or the admin token
 * where there is one; compares in constant time and slows down guessing.
 */
export function createIdentify(options: {
  readonly adminToken: string | undefined;
  readonly holders: Pick<TokenHolders, 'find'>;
  /** Looks up what a browser shows, and notes that it was used. */
  readonly useSession: UseSession;
  readonly clock: Clock;
  /** Told about callers without a valid credential, those that are only slowed down excepted. */
  readonly onRefused: (request: RefusedCall) => Promise<void>;
}): Identify {
  const expected = options.adminToken === undefined ? undefined : digest(options.adminToken);
  const guesses = createRateLimit({ perMinute: FAILURES_PER_MINUTE, clock: options.clock });
  return async (request) => {
    const { isLocal, observedAddress: address, method, path, header } = request;
    if (isLocal) return localActor(header(SAYS_HEADER));
    const authorization = header('authorization');
    const person = authorization === undefined ? await findPerson(request, options.useSession) : undefined;
    if (person) return person;
    const [scheme, token = ''] = (authorization ?? '').split(' ');
    const isBearer = scheme?.toLowerCase() === 'bearer';
    if (isBearer && expected && timingSafeEqual(digest(token), expected)) return TOKEN_HOLDER;
    const shown = isBearer ? await options.holders.find(token, address) : undefined;
    if (shown?.state === 'active') return tokenActor(shown);
    guesses.admit(address);
    const had = shown && { api_token: shown.name, state: shown.state };
    await options.onRefused({ address, method, path, ...had });
    throw refusal(shown);
  };
}
