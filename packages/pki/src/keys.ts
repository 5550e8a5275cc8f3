import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { corrupt, readPem, writePem } from './pem.ts';

const PRIVATE_KEY_LABELS: readonly string[] = [
  'PRIVATE KEY',
  'EC PRIVATE KEY',
  'RSA PRIVATE KEY',
  'ENCRYPTED PRIVATE KEY',
];

const CURVE_NAMES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

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

/**
 * The key object of the one private key in a PEM text. Throws CERT_CORRUPT with the reason as a clause in
 * `details.reason`; neither it nor a cause ever repeats key material.
 */
export function readPrivateKey(privateKeyPem: string): KeyObject {
  const what = 'private key';
  const blocks = readPem(privateKeyPem, what, 64 * 1024).filter((block) => block.label !== 'EC PARAMETERS');
  const [block, ...more] = blocks;
  if (block === undefined) throw corrupt(what, 'it holds curve parameters but no key');
  if (!PRIVATE_KEY_LABELS.includes(block.label)) {
    throw corrupt(what, `it holds a "${block.label}" block where a private key belongs`);
  }
  if (
    block.label === 'ENCRYPTED PRIVATE KEY' ||
    block.headers.some((header) => header.includes('ENCRYPTED'))
  ) {
    throw corrupt(what, 'it is encrypted with a passphrase, which nobody can type at start-up');
  }
  if (more.length > 0) throw corrupt(what, `it holds ${blocks.length} blocks where one private key belongs`);
  try {
    return createPrivateKey(writePem(block.label, block.der));
  } catch {
    throw corrupt(what, 'its content is damaged or of an unknown kind');
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
  const type = key.asymmetricKeyType;
  if (type === 'ec') return `EC ${CURVE_NAMES[namedCurve ?? ''] ?? namedCurve}`;
  if (type === 'rsa' || type === 'rsa-pss') return `RSA ${modulusLength}`;
  return type === 'ed25519' ? 'Ed25519' : (type ?? key.type);
}

/** Whether certificates for this key may be issued and accepted: P-256, P-384, Ed25519, RSA of 2048 bits or more. */
export function isAllowedKey(key: KeyObject): boolean {
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return modulusLength >= 2048 && modulusLength <= 8192;
  return ['EC P-256', 'EC P-384', 'Ed25519'].includes(keyAlgorithm(key));
}
