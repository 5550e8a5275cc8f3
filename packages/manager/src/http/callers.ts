import { createHash, timingSafeEqual } from 'node:crypto';
import { PatchError, SAYS_HEADER } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Shown, TokenHolders } from '../api-tokens/holders.ts';
import { localActor, TOKEN_HOLDER, tokenActor } from './actor.ts';
import { createRateLimit } from './rate-limit.ts';
import type { Identify } from './routes.ts';

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
    "This path needs a credential. On the manager's own machine use the command line, as root: sudo linux-patch-manager …; " +
      'a program elsewhere sends Authorization: Bearer TOKEN with a token of "linux-patch-manager api-tokens create".',
  );
}

/**
 * Knows callers by the listener they came in through, and over HTTPS by an API token, or the admin token where there is
 * one; compares in constant time and slows down guessing.
 */
export function createIdentify(options: {
  readonly adminToken: string | undefined;
  readonly holders: Pick<TokenHolders, 'find'>;
  readonly clock: Clock;
  /** Told about callers without a valid credential, those that are only slowed down excepted. */
  readonly onRefused: (request: RefusedCall) => Promise<void>;
}): Identify {
  const expected = options.adminToken === undefined ? undefined : digest(options.adminToken);
  const guesses = createRateLimit({ perMinute: FAILURES_PER_MINUTE, clock: options.clock });
  return async ({ isLocal, observedAddress: address, method, path, header }) => {
    if (isLocal) return localActor(header(SAYS_HEADER));
    const [scheme, token = ''] = (header('authorization') ?? '').split(' ');
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
