import { createPublicKey, type KeyObject } from 'node:crypto';
import type { CborMap } from './cbor.ts';

/** Algorithms of passkeys, the one that is liked best first: ES256, Ed25519, RS256 (RFC 9053, RFC 8812). */
export const PASSKEY_ALGORITHMS = [-7, -8, -257] as const;

/** Labels of RFC 9052 §7 and RFC 9053 §7; of an RSA key -1 and -2 are modulus and exponent (RFC 8230 §4). */
const TYPE = 1;
const ALGORITHM = 3;
const FIRST = -1;
const SECOND = -2;
const THIRD = -3;

function text(key: CborMap, label: number, bytes: { readonly from: number; readonly to: number }): string {
  const value = key.get(label);
  if (!(value instanceof Uint8Array) || value.length < bytes.from || value.length > bytes.to)
    throw new Error(`the public key has a member ${label} of another size`);
  return Buffer.from(value).toString('base64url');
}

const exactly = (length: number) => ({ from: length, to: length });

function webKey(key: CborMap): Readonly<Record<string, string>> {
  const kind = [key.get(TYPE), key.get(ALGORITHM), key.get(FIRST)];
  const is = (...expected: readonly number[]): boolean => expected.every((one, n) => kind[n] === one);
  if (is(2, -7, 1))
    return {
      kty: 'EC',
      crv: 'P-256',
      x: text(key, SECOND, exactly(32)),
      y: text(key, THIRD, exactly(32)),
    };
  if (is(1, -8, 6)) return { kty: 'OKP', crv: 'Ed25519', x: text(key, SECOND, exactly(32)) };
  // 2,048 to 4,096 bits: fewer are weak, and more only cost time.
  if (is(3, -257))
    return {
      kty: 'RSA',
      n: text(key, FIRST, { from: 256, to: 512 }),
      e: text(key, SECOND, { from: 1, to: 4 }),
    };
  throw new Error('the public key is of another algorithm');
}

/** The public key of a passkey. @throws Error when it is none that was asked for, or no key at all */
export function publicKeyOf(key: CborMap): KeyObject {
  return createPublicKey({ format: 'jwk', key: webKey(key) });
}
