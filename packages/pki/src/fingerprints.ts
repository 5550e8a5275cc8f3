import { createHash, X509Certificate } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { groupedBase32 } from './base32.ts';
import { toBase64url } from './base64url.ts';
import { certificateSpki } from './certificate-der.ts';

/** SHA-256 of a DER value, base64url. */
export function spkiSha256(der: Uint8Array): string {
  return toBase64url(sha256(der));
}

/**
 * The name of a key for people, `XXXX-XXXX-XXXX-XXXX`: the first 80 bits of the SHA-256 of its
 * SubjectPublicKeyInfo in Crockford base32. Not a secret.
 */
export function keyId(spkiDer: Uint8Array): string {
  return groupedBase32(sha256(spkiDer).subarray(0, 10));
}

/** SHA-256 of a certificate's DER, 64 lower-case hex digits. Throws CERT_CORRUPT. */
export function certificateFingerprint(pemOrDer: string | Uint8Array): string {
  return sha256(certificateDer(pemOrDer)).toString('hex');
}

/** SHA-256 of a certificate's SubjectPublicKeyInfo as `sha256:` and 64 lower-case hex digits. Throws CERT_CORRUPT. */
export function spkiFingerprint(certificatePem: string): string {
  return spkiFingerprintOf(certificateSpki(certificateDer(certificatePem)));
}

/** SHA-256 of a SubjectPublicKeyInfo (DER) as `sha256:` and 64 lower-case hex digits. */
export function spkiFingerprintOf(spkiDer: Uint8Array): string {
  return `sha256:${sha256(spkiDer).toString('hex')}`;
}

/**
 * 64 lower-case hex digits from a SHA-256 fingerprint as people and tools write it (optional `sha256:`, colons,
 * spaces, upper case), or undefined when it is none.
 */
export function parseFingerprint(text: string): string | undefined {
  const digits = text
    .trim()
    .toLowerCase()
    .replace(/^sha-?256(?: fingerprint)?[:=]/, '')
    .replaceAll(/[:\s]/g, '');
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}

/**
 * Whether a fingerprint (as `parseFingerprint` accepts it) is the SHA-256 of the certificate's public key or of the
 * whole certificate. False for a text that is no fingerprint.
 */
export function matchesFingerprint(certificatePem: string, fingerprint: string): boolean {
  const wanted = parseFingerprint(fingerprint);
  if (wanted === undefined) return false;
  return (
    spkiFingerprint(certificatePem) === `sha256:${wanted}` ||
    certificateFingerprint(certificatePem) === wanted
  );
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function certificateDer(pemOrDer: string | Uint8Array): Uint8Array {
  try {
    return new X509Certificate(pemOrDer).raw;
  } catch (cause) {
    throw new PatchError('CERT_CORRUPT', 'The certificate cannot be read.', { cause });
  }
}
