import { createHash, timingSafeEqual } from 'node:crypto';
import { PatchError, SAYS_HEADER } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import { localActor, TOKEN_HOLDER } from './actor.ts';
import { createRateLimit } from './rate-limit.ts';
import type { Identify } from './routes.ts';

/** Wrong tokens answered per minute and address; the right one never waits, or guessing would lock the owner out. */
const FAILURES_PER_MINUTE = 10;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Knows callers by the listener they came in through, and over HTTPS by the admin token, where there is one; compares
 * in constant time and slows down guessing.
 */
export function createIdentify(options: {
  readonly adminToken: string | undefined;
  readonly clock: Clock;
  /** Told about callers without a valid credential, those that are only slowed down excepted. */
  readonly onRefused: (request: {
    readonly address: string;
    readonly method: string;
    readonly path: string;
  }) => Promise<void>;
}): Identify {
  const expected = options.adminToken === undefined ? undefined : digest(options.adminToken);
  const guesses = createRateLimit({ perMinute: FAILURES_PER_MINUTE, clock: options.clock });
  return async ({ env, req }) => {
    if (env.isLocal) return localActor(req.header(SAYS_HEADER));
    const [scheme, token] = (req.header('authorization') ?? '').split(' ');
    const shown = digest(token ?? '');
    if (scheme?.toLowerCase() === 'bearer' && expected && timingSafeEqual(shown, expected))
      return TOKEN_HOLDER;
    const address = env.observedAddress;
    guesses.admit(address);
    await options.onRefused({ address, method: req.method, path: req.path });
    throw new PatchError(
      'UNAUTHORIZED',
      "This path needs a credential. On the manager's own machine use the command line, as root: sudo linux-patch-manager …; " +
        'a program elsewhere sends Authorization: Bearer TOKEN.',
    );
  };
}
