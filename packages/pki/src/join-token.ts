import { hkdfSync } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { fromBase64url, toBase64url } from './base64url.ts';

/**
 * What a join string says: which CA the manager must prove to have, and a secret that lets a host in. It has 128 bits or
 * more, so nothing has to be stretched.
 */
export interface JoinString {
  /** SHA-256 of the CA's SubjectPublicKeyInfo, 32 bytes. */
  readonly caSpkiSha256: Uint8Array;
  readonly secret: Uint8Array;
}

const VERSION = 'lpm1';
const PIN_BYTES = 32;
const SHORTEST_SECRET_BYTES = 16;
const LONGEST_SECRET_BYTES = 64;

function invalid(what: string): PatchError {
  return new PatchError(
    'JOIN_STRING_INVALID',
    `This is not a usable join string: ${what}. A join string is one line, lpm1.PIN.SECRET, as "linux-patch-manager tokens create" prints it; copy it again as a whole.`,
  );
}

/**
 * `lpm1.PIN.SECRET`, both parts base64url.
 * @throws RangeError for a pin or secret of another length
 */
export function formatJoinString({ caSpkiSha256, secret }: JoinString): string {
  if (caSpkiSha256.length !== PIN_BYTES || !isSecretLength(secret.length))
    throw new RangeError(
      `a join string has a pin of 32 bytes and a secret of ${SHORTEST_SECRET_BYTES} to ${LONGEST_SECRET_BYTES}`,
    );
  return [VERSION, toBase64url(caSpkiSha256), toBase64url(secret)].join('.');
}

/** In steps of four bytes, so that a string that lost its last characters is none. */
function isSecretLength(bytes: number): boolean {
  return bytes >= SHORTEST_SECRET_BYTES && bytes <= LONGEST_SECRET_BYTES && bytes % 4 === 0;
}

/**
 * Reads a join string; white space around it does not count.
 * @throws PatchError `JOIN_STRING_INVALID`, with words that never repeat a part of it: the secret may be anywhere
 */
export function parseJoinString(text: string): JoinString {
  const trimmed = text.trim();
  if (trimmed === '') throw invalid('it is empty');
  if (/\s/.test(trimmed)) throw invalid('there is white space in it, or more than one line');
  const [version, pin, secret, ...more] = trimmed.split('.');
  if (version !== VERSION && /^lpm\d+$/.test(version ?? ''))
    throw invalid(
      'it was made by a manager of another generation, whose join strings this agent does not know',
    );
  if (version !== VERSION) throw invalid('it does not begin with lpm1.');
  if (pin === undefined || secret === undefined || more.length > 0)
    throw invalid(
      `it has ${[version, pin, secret, ...more].filter((part) => part !== undefined).length} parts instead of 3`,
    );
  const caSpkiSha256 = fromBase64url(pin);
  if (caSpkiSha256?.length !== PIN_BYTES) throw invalid('its second part is not a SHA-256 in base64url');
  const bytes = fromBase64url(secret);
  if (!bytes || !isSecretLength(bytes.length))
    throw invalid(
      'its third part is not a secret of 16 to 64 bytes in base64url; perhaps the end is missing',
    );
  return { caSpkiSha256, secret: bytes };
}

/**
 * The public name of a join token, 16 hexadecimal digits: says which token is meant and nothing about its secret
 * (HKDF-SHA256, RFC 5869).
 */
export function joinTokenId(secret: Uint8Array): string {
  return Buffer.from(derive(secret, 'lpe1/join-token/id', 8)).toString('hex');
}

/**
 * The key of the tags that both sides make for a join token, 32 bytes. The secret cannot be computed from it, so a manager
 * that stores it cannot print the join string again.
 */
export function joinTokenKey(secret: Uint8Array): Uint8Array {
  return derive(secret, 'lpe1/join-token/key', 32);
}

function derive(secret: Uint8Array, label: string, bytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), label, bytes));
}
