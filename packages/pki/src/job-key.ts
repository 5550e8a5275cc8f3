import { generateKeyPair, type KeyObject } from 'node:crypto';
import type { JobKeyOffer } from '@linux-patch/contract';
import { fromBase64url, toBase64url } from './base64url.ts';
import type { CertificateFacts } from './certificates.ts';
import { spkiSha256 } from './fingerprints.ts';
import type { Issuer } from './issue.ts';
import { keyAlgorithm, publicKeySpki, readPrivateKey, readPublicKey } from './keys.ts';
import { signBytes, verifyBytes } from './signatures.ts';

/** DER of the SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;

type Voucher = JobKeyOffer['vouchers'][number];
type Change = JobKeyOffer['changes'][number];

/** A new Ed25519 private key as PKCS#8 PEM, with which a manager signs changes. A secret, as `generateKey` says. */
export async function generateJobKey(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  generateKeyPair('ed25519', {}, (error, _publicKey, privateKey) =>
    error ? reject(error) : resolve(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  );
  return promise;
}

/** The public part of a job key, 32 bytes in base64url. @throws PatchError `CERT_CORRUPT`; RangeError for another kind of key */
export function jobPublicKey(privateKeyPem: string): string {
  if (keyAlgorithm(readPrivateKey(privateKeyPem)) !== 'Ed25519')
    throw new RangeError('a job key is an Ed25519 key');
  return toBase64url(publicKeySpki(privateKeyPem).subarray(-KEY_BYTES));
}

function spkiOf(key: string): Uint8Array {
  const bytes = fromBase64url(key);
  if (bytes?.length !== KEY_BYTES) throw new RangeError('a job key has 32 bytes in base64url');
  return Buffer.concat([SPKI_PREFIX, bytes]);
}

/** The public key object of a job key. @throws RangeError for what is none */
export function readJobKey(key: string): KeyObject {
  return readPublicKey(spkiOf(key));
}

/** The name of a job key for people: `SHA256:` and the hash of its SubjectPublicKeyInfo. @throws RangeError for what is no key */
export function jobKeyFingerprint(key: string): string {
  return `SHA256:${spkiSha256(spkiOf(key))}`;
}

/** The word of a root CA that this job key is its manager's. */
export function vouchForJobKey(key: string, root: Issuer, rootSpkiSha256: string): Voucher {
  const signature = signBytes(readPrivateKey(root.privateKeyPem), vouchedBytes(key));
  return { ca: rootSpkiSha256, signature: toBase64url(signature) };
}

/** Whether one of these CAs vouches for the key of an offer. */
export function isVouchedFor(offer: JobKeyOffer, roots: readonly CertificateFacts[]): boolean {
  return offer.vouchers.some(({ ca, signature }) => {
    const root = roots.find((one) => one.isCa && one.spkiSha256 === ca);
    return root !== undefined && isSigned(readPublicKey(root.spki), vouchedBytes(offer.key), signature);
  });
}

/** The word of a job key that another one takes its place. */
export function signKeyChange(privateKeyPem: string, to: string): Change {
  const from = jobPublicKey(privateKeyPem);
  const signature = signBytes(readPrivateKey(privateKeyPem), changeBytes(from, to));
  return { from, to, signature: toBase64url(signature) };
}

/** Whether changes, each signed by the key before it, lead from the key with this fingerprint to the offered one. */
export function leadsToJobKey(fingerprint: string, { key, changes }: JobKeyOffer): boolean {
  let reached = fingerprint;
  for (const change of changes) {
    if (jobKeyFingerprint(change.from) !== reached) continue;
    const isRight = isSigned(readJobKey(change.from), changeBytes(change.from, change.to), change.signature);
    if (!isRight) return false;
    reached = jobKeyFingerprint(change.to);
  }
  return reached === jobKeyFingerprint(key);
}

function isSigned(key: KeyObject, bytes: Uint8Array, encoded: string): boolean {
  const signature = fromBase64url(encoded);
  return signature !== undefined && verifyBytes(key, bytes, signature);
}

/** The first byte tells them from a certificate, which begins with 0x30. */
function vouchedBytes(key: string): Uint8Array {
  return Buffer.from(`linux-patch-job-key-v1\n${key}`, 'utf8');
}

function changeBytes(from: string, to: string): Uint8Array {
  return Buffer.from(`linux-patch-next-job-key-v1\n${from}\n${to}`, 'utf8');
}
