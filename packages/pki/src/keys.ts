import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';

/** A new P-256 private key as PKCS#8 PEM. It is a secret: files that hold it have mode 0600. */
export async function generateKey(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  generateKeyPair('ec', { namedCurve: 'P-256' }, (error, _publicKey, privateKey) =>
    error ? reject(error) : resolve(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  );
  return promise;
}

/** The SubjectPublicKeyInfo (DER) of a private key in PEM: PKCS#8, SEC1 or PKCS#1. Throws CERT_CORRUPT. */
export function publicKeySpki(privateKeyPem: string): Uint8Array {
  return createPublicKey(readPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'der' });
}

/** The key object of a private key in PEM. Throws CERT_CORRUPT; the message never repeats key material. */
export function readPrivateKey(privateKeyPem: string): KeyObject {
  try {
    return createPrivateKey(privateKeyPem);
  } catch {
    throw new PatchError(
      'CERT_CORRUPT',
      'The private key cannot be read: it is not an unencrypted PEM private key (PKCS#8, SEC1 or PKCS#1).',
    );
  }
}

/** The key object of a SubjectPublicKeyInfo (DER). Throws CERT_CORRUPT. */
export function readPublicKey(spkiDer: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new PatchError('CERT_CORRUPT', 'The public key cannot be read.', { cause });
  }
}

/** A key's algorithm in words, such as `EC P-256`, `RSA 2048` or `Ed25519`. */
export function keyAlgorithm(key: KeyObject): string {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec':
      return `EC ${CURVE_NAMES[namedCurve ?? ''] ?? namedCurve}`;
    case 'rsa':
    case 'rsa-pss':
      return `RSA ${modulusLength}`;
    case 'ed25519':
      return 'Ed25519';
    default:
      return key.asymmetricKeyType ?? key.type;
  }
}

/** Whether certificates for this key may be issued and accepted: P-256, P-384, Ed25519, RSA of 2048 bits or more. */
export function isAllowedKey(key: KeyObject): boolean {
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return modulusLength >= 2048 && modulusLength <= 8192;
  return ['EC P-256', 'EC P-384', 'Ed25519'].includes(keyAlgorithm(key));
}

const CURVE_NAMES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};
