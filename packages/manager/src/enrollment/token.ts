import { createHash } from 'node:crypto';
import type { Random } from '@linux-patch/runtime';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 64;

/** A polling token: 64 letters and digits, about 381 bits. */
export function createPollingToken(random: Random): string {
  let token = '';
  while (token.length < LENGTH) {
    for (const byte of random.bytes(LENGTH)) {
      // Bytes beyond the largest multiple of 62 would favour some letters.
      if (byte < 248 && token.length < LENGTH) token += ALPHABET[byte % ALPHABET.length];
    }
  }
  return token;
}

/** What is stored and looked up instead of the token. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
