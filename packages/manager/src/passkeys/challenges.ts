import { createHmac, timingSafeEqual } from 'node:crypto';
import { MINUTE_MS } from '@linux-patch/contract';
import type { Clock, Random } from '@linux-patch/runtime';

/** How long somebody has for touching an authenticator, and for looking for it before. */
export const CHALLENGE_MS = 5 * MINUTE_MS;

/** What a challenge is for: to sign in, or something that one session alone does. */
export type Purpose = 'sign-in' | `add ${string}` | `step-up ${string}`;

/**
 * Challenges for passkeys. Strangers ask for them, so none is kept: each carries its end, and a MAC by a key of this process
 * over that and its purpose. What is kept is what was used, which takes a passkey that counts.
 */
export interface Challenges {
  /** Base64url; good for five minutes, and for this purpose. */
  make(purpose: Purpose): string;
  /** Whether it is one of these for this purpose, and not over. */
  isGood(challenge: string, purpose: Purpose): boolean;
  /**
   * Takes a good one out of use, and with it whatever was made before it, for whom it was signed.
   * @returns false when that happened already: it was used, or a later one
   */
  use(challenge: string, by: string): boolean;
}

const KEY_BYTES = 32;
/** Number and end, of six bytes each. */
const HEAD_BYTES = 12;
const WHOLE_BYTES = HEAD_BYTES + 32;

export function createChallenges({
  clock,
  random,
}: {
  readonly clock: Clock;
  readonly random: Random;
}): Challenges {
  const key = random.bytes(KEY_BYTES);
  let made = 0;
  const used = new Map<string, { readonly number: number; readonly untilMs: number }>();
  const seal = (head: Uint8Array, purpose: Purpose): Buffer =>
    createHmac('sha256', key).update(head).update(purpose).digest();
  const forgetOld = (): void => {
    for (const [by, { untilMs }] of used) {
      // The one that was used longest ago is the first.
      if (clock.monotonicMs() < untilMs) return;
      used.delete(by);
    }
  };
  return {
    make(purpose) {
      made += 1;
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUIntBE(made, 0, 6);
      head.writeUIntBE(Math.floor(clock.monotonicMs()) + CHALLENGE_MS, 6, 6);
      return Buffer.concat([head, seal(head, purpose)]).toString('base64url');
    },
    isGood(challenge, purpose) {
      const bytes = Buffer.from(challenge, 'base64url');
      if (bytes.length !== WHOLE_BYTES || bytes.toString('base64url') !== challenge) return false;
      const head = bytes.subarray(0, HEAD_BYTES);
      if (!timingSafeEqual(bytes.subarray(HEAD_BYTES), seal(head, purpose))) return false;
      return clock.monotonicMs() < head.readUIntBE(6, 6);
    },
    use(challenge, by) {
      forgetOld();
      const number = Buffer.from(challenge, 'base64url').readUIntBE(0, 6);
      if (number <= (used.get(by)?.number ?? 0)) return false;
      used.delete(by);
      used.set(by, { number, untilMs: clock.monotonicMs() + CHALLENGE_MS });
      return true;
    },
  };
}
