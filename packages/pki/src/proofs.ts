import { createHash } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { fromBase64url, toBase64url } from './base64url.ts';
import { readPrivateKey, readPublicKey } from './keys.ts';
import { signBytes, verifyBytes } from './signatures.ts';

/** What a proof is for; a proof for one purpose is worthless for another. */
export type ProofLabel = 'lpe1/poll' | 'lpe1/enroll' | 'lpe1/ack';

/** The request that a proof is bound to. */
export interface ProvenRequest {
  readonly label: ProofLabel;
  readonly method: string;
  /** Path without the polling token. */
  readonly path: string;
  readonly token: string;
  /** The body exactly as sent; absent and empty are the same. */
  readonly body?: string | Uint8Array | undefined;
}

export type ProofVerdict = 'ok' | 'malformed' | 'bad_signature' | 'clock_off';

/**
 * The value of an `Enroll-Proof` header: the signature of the pending key over the request, a time (Unix seconds)
 * and a nonce (12 bytes or more), so that a stolen polling token reads nothing (the idea of RFC 9449).
 */
export function signProof(
  proof: ProvenRequest & {
    readonly privateKeyPem: string;
    readonly timestampS: number;
    readonly nonce: Uint8Array;
  },
): string {
  if (proof.nonce.length < 12 || proof.nonce.length > 48 || !/^\d{1,12}$/.test(String(proof.timestampS))) {
    throw new RangeError('a proof takes a nonce of 12 to 48 bytes and a time in whole Unix seconds');
  }
  const nonce = toBase64url(proof.nonce);
  const bytes = signedBytes(proof, String(proof.timestampS), nonce);
  const signature = signBytes(readPrivateKey(proof.privateKeyPem), bytes);
  return `v=1; ts=${proof.timestampS}; n=${nonce}; sig=${toBase64url(signature)}`;
}

/**
 * Checks an `Enroll-Proof` header against the key that the request was made with. `clock_off` (more than
 * `toleranceS`, ten minutes by default, from `nowS`) is said only about a proof whose signature is right.
 */
export function verifyProof(
  proof: ProvenRequest & {
    readonly header: string;
    readonly spki: Uint8Array;
    readonly nowS: number;
    readonly toleranceS?: number;
  },
): ProofVerdict {
  const match = /^v=1; ?ts=(\d{1,12}); ?n=([\w-]{16,64}); ?sig=([\w-]{80,1400})$/.exec(proof.header);
  const [, timestamp, nonce, encoded] = match ?? [];
  const signature = fromBase64url(encoded ?? '');
  if (timestamp === undefined || nonce === undefined || !signature || !fromBase64url(nonce))
    return 'malformed';
  const bytes = signedBytes(proof, timestamp, nonce);
  if (!verifyBytes(readPublicKey(proof.spki), bytes, signature)) return 'bad_signature';
  return Math.abs(proof.nowS - Number(timestamp)) <= (proof.toleranceS ?? 600) ? 'ok' : 'clock_off';
}

/** One part a line; no part can hold a line break, so the text has one reading. */
function signedBytes(request: ProvenRequest, timestamp: string, nonce: string): Uint8Array {
  const method = request.method.toUpperCase();
  if (/[\s\0]/.test(method) || /[\r\n\0]/.test(request.path)) {
    throw new PatchError('INVALID_REQUEST', 'A method or path with a line break cannot be proven.');
  }
  const parts = [request.label, method, request.path, hash(request.token), hash(request.body ?? '')];
  return Buffer.from([...parts, timestamp, nonce].join('\n'), 'utf8');
}

function hash(data: string | Uint8Array): string {
  return toBase64url(createHash('sha256').update(data).digest());
}
