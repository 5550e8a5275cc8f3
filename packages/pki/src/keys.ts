import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { corrupt, type PemBlock, readPemText, writePem } from './pem.ts';

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

/** A private key file. */
export interface PrivateKeyText {
  readonly block: PemBlock;
  /** Clauses about the file, such as `holds text after its last PEM block`. */
  readonly oddities: readonly string[];
}

const KEY_LIMIT_BYTES = 64 * 1024;
const WHAT = 'private key';

/** Finds the private key in a PEM text in use: the first one, as OpenSSL does. Throws CERT_CORRUPT when there is none. */
export function readPrivateKeyText(text: string): PrivateKeyText {
  const { blocks: all, oddities } = readPemText(text, WHAT, KEY_LIMIT_BYTES);
  const blocks = all.filter((block) => block.label !== 'EC PARAMETERS');
  const [block, ...more] = blocks.filter(({ label }) => PRIVATE_KEY_LABELS.includes(label));
  const foreign = blocks.find(({ label }) => !PRIVATE_KEY_LABELS.includes(label));
  if (block === undefined) {
    throw corrupt(
      WHAT,
      foreign
        ? `it holds a "${foreign.label}" block where a private key belongs`
        : 'it holds curve parameters but no key',
    );
  }
  return {
    block,
    oddities: [
      ...(more.length > 0 ? [`holds ${more.length + 1} private keys, of which the first counts`] : []),
      ...(foreign ? [`holds a "${foreign.label}" block beside the private key`] : []),
      ...oddities,
    ],
  };
}

/**
 * The key object of the first private key in a PEM text. Throws CERT_CORRUPT with the reason as a clause in
 * `details.reason`; neither it nor a cause ever repeats key material.
 */
export function readPrivateKey(privateKeyPem: string): KeyObject {
  const { block } = readPrivateKeyText(privateKeyPem);
  if (
    block.label === 'ENCRYPTED PRIVATE KEY' ||
    block.headers.some((header) => header.includes('ENCRYPTED'))
  ) {
    throw corrupt(WHAT, 'it is encrypted with a passphrase, which nobody can type at start-up');
  }
  try {
    return createPrivateKey(writePem(block.label, block.der));
  } catch {
    throw corrupt(WHAT, 'its content is damaged or of an unknown kind');
  }
}

/** The private key of a PEM text without anything around it; a text that cannot be read is returned as it is. */
export function plainPrivateKey(pem: string): string {
  try {
    const { block } = readPrivateKeyText(pem);
    return block.headers.length > 0 ? pem : writePem(block.label, block.der);
  } catch {
    return pem;
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
  if (type === 'rsa') return `RSA ${modulusLength}`;
  if (type === 'rsa-pss') return `RSA-PSS ${modulusLength}`;
  return type === 'ed25519' ? 'Ed25519' : (type ?? key.type);
}

/** Whether certificates for this key may be issued and accepted: P-256, P-384, Ed25519, RSA of 2048 bits or more. */
export function isAllowedKey(key: KeyObject): boolean {
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return modulusLength >= 2048 && modulusLength <= 8192;
  return ['EC P-256', 'EC P-384', 'Ed25519'].includes(keyAlgorithm(key));
}
