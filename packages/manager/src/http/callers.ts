import { createHash, timingSafeEqual } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import { administrator } from './actor.ts';
import { createRateLimit } from './rate-limit.ts';
import type { Identify } from './routes.ts';

/** Wrong tokens answered per minute and address; the right one never waits, or guessing would lock the owner out. */
const FAILURES_PER_MINUTE = 10;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Knows callers by the admin token; compares in constant time and slows down guessing. */
export function createIdentify(options: {
  readonly token: string;
  readonly clock: Clock;
  /** Told about wrong tokens, those that are only slowed down excepted. */
  readonly onRefused: (request: {
    readonly address: string;
    readonly method: string;
    readonly path: string;
  }) => Promise<void>;
}): Identify {
  const expected = digest(options.token.trim());
  const holder = administrator('admin');
  const guesses = createRateLimit({ perMinute: FAILURES_PER_MINUTE, clock: options.clock });
  return async ({ env, req }) => {
    const [scheme, token] = (req.header('authorization') ?? '').split(' ');
    const right =
      scheme?.toLowerCase() === 'bearer' && token !== undefined && timingSafeEqual(digest(token), expected);
    if (right) return holder;
    const address = env.observedAddress;
    guesses.admit(address);
    await options.onRefused({ address, method: req.method, path: req.path });
    throw new PatchError(
      'UNAUTHORIZED',
      'This path needs the admin token: Authorization: Bearer TOKEN, from the file admin.token in the data folder of the manager.',
    );
  };
}
