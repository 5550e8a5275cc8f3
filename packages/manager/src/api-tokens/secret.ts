import { createHash } from 'node:crypto';
import type { Random } from '@linux-patch/runtime';

/** The beginning tells people, and programs that look for leaked secrets, what this is. */
const FORM = /^lpmt_([a-z0-9][a-z0-9.-]{0,63})_[A-Za-z0-9_-]{43}$/;
const SECRET_BYTES = 32;

/** What the holder of a token shows: its name, and 256 random bits. */
export function createSecret(name: string, random: Random): string {
  return `lpmt_${name}_${Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url')}`;
}

/** The name of the token that this claims to be; undefined when it has not the form of one. */
export function claimedName(shown: string): string | undefined {
  return FORM.exec(shown)?.[1];
}

/** What is stored and compared instead; random bits need no slower hash. */
export function secretVerifier(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
