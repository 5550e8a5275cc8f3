import { type KeyObject, sign, verify } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { keyAlgorithm } from './keys.ts';

/** Signature algorithms by their JOSE names (RFC 7518 §3.1, RFC 8037 §3.1). */
type JoseAlgorithm = 'ES256' | 'ES384' | 'EdDSA' | 'RS256';

/** The one algorithm a key signs with here. Throws CERT_UNSUITABLE for a key without one. */
export function algorithmFor(key: KeyObject): JoseAlgorithm {
  const name = keyAlgorithm(key);
  if (name === 'EC P-256') return 'ES256';
  if (name === 'EC P-384') return 'ES384';
  if (name === 'Ed25519') return 'EdDSA';
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  throw new PatchError('CERT_UNSUITABLE', `A key of type ${name} cannot sign requests to the manager.`);
}

/** The signature over bytes with the key's algorithm; ECDSA in the fixed-length form of IEEE P1363, as in JOSE. */
export function signBytes(privateKey: KeyObject, bytes: Uint8Array): Uint8Array {
  return sign(digestOf(algorithmFor(privateKey)), bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

/** Whether a signature over bytes is the key's. */
export function verifyBytes(publicKey: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  return verify(digestOf(algorithmFor(publicKey)), bytes, key, signature);
}

function digestOf(algorithm: JoseAlgorithm): string | null {
  if (algorithm === 'EdDSA') return null;
  return algorithm === 'ES384' ? 'sha384' : 'sha256';
}
