import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '@linux-patch/runtime';

const FORM = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[\w-]{43}$/;
const SECRET_BYTES = 32;

/** What a browser holds: the id of its session, and 256 random bits. */
export function createSessionSecret(id: string, random: Random): string {
  return `${id}.${Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url')}`;
}

/** The id of the session that this claims to be of; undefined when it has not the form of one. */
export function claimedId(shown: string): string | undefined {
  return FORM.exec(shown)?.[1];
}

/** What is stored instead; random bits need no slower hash. */
export function sessionVerifier(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether this is the secret that was stored so; in constant time. */
export function isSessionSecret(verifier: string, shown: string): boolean {
  const [expected, given] = [Buffer.from(verifier), Buffer.from(sessionVerifier(shown))];
  return expected.length === given.length && timingSafeEqual(expected, given);
}
