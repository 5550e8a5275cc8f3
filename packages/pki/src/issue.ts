import { createHash, type KeyObject } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { certificateParts } from './certificate-der.ts';
import { type CertificateFacts, parseCertificate } from './certificates.ts';
import { certificatePoint, encodePoints, MANAGER_POINT } from './crl-scope.ts';
import { derBits, derChildren, readDer } from './der.ts';
import { encode, encodeExtension, encodeInteger, encodeSequence, encodeTime } from './der-writer.ts';
import { encodeCommonName } from './distinguished-name.ts';
import {
  EXTENSION,
  encodeAlternativeNames,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeKeyUsage,
  encodeSubjectKeyId,
} from './extensions.ts';
import { USAGE_OIDS } from './key-usages.ts';
import { isAllowedKey, keyAlgorithm, publicKeySpki, readPrivateKey, readPublicKey } from './keys.ts';
import { writePem } from './pem.ts';
import type { CertificateProfile } from './profiles.ts';
import { encodeSignatureAlgorithm, signStructure } from './signed-structure.ts';

/** A CA that can sign: its certificate and the key that belongs to it, both PEM. */
export interface Issuer {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** How far certificates are dated back, for hosts whose clock is a little slow. */
const BACKDATE_MS = 5 * 60_000;

/** A self-signed root certificate, PEM. `serial` as `serialFrom` makes it, `now` in epoch milliseconds. */
export async function createRoot(root: {
  readonly profile: CertificateProfile;
  readonly privateKeyPem: string;
  readonly serial: string;
  readonly now: number;
}): Promise<string> {
  const spki = publicKeySpki(root.privateKeyPem);
  return sign(readPrivateKey(root.privateKeyPem), {
    profile: root.profile,
    subjectSpki: spki,
    serial: root.serial,
    issuerName: encodeCommonName(root.profile.commonName),
    issuerKeyId: keyIdentifier(spki),
    notBeforeMs: root.now - BACKDATE_MS,
    notAfterMs: root.now + root.profile.lifetimeMs,
  });
}

/**
 * A certificate signed by a CA, PEM, valid from five minutes before `now` for `lifetimeMs` (default: the profile's),
 * but never longer than its issuer. Throws CERT_UNSUITABLE when the issuer is no CA or the key is of a kind that is
 * not allowed, CERT_KEY_MISMATCH when the issuer's key is another one, CERT_EXPIRED when the issuer has expired.
 */
export async function issueCertificate(order: {
  readonly profile: CertificateProfile;
  readonly subjectSpki: Uint8Array;
  readonly issuer: Issuer;
  readonly serial: string;
  readonly now: number;
  readonly lifetimeMs?: number | undefined;
}): Promise<string> {
  const issuer = checkedIssuer(order.issuer, order.now);
  const key = readPublicKey(order.subjectSpki);
  if (!isAllowedKey(key)) {
    throw new PatchError('CERT_UNSUITABLE', `No certificate is issued for a ${keyAlgorithm(key)} key.`);
  }
  const lifetimeMs = order.lifetimeMs ?? order.profile.lifetimeMs;
  return sign(signingKey(order.issuer), {
    profile: order.profile,
    subjectSpki: order.subjectSpki,
    serial: order.serial,
    issuerName: certificateParts(issuer.der).subject.encoded,
    issuerKeyId: issuer.subjectKeyId ?? keyIdentifier(issuer.spki),
    notBeforeMs: order.now - BACKDATE_MS,
    notAfterMs: Math.min(order.now + lifetimeMs, issuer.notAfterMs),
  });
}

/** What was read of an issuer: the same for every certificate that it signs. */
const readIssuers = new WeakMap<Issuer, CertificateFacts>();
const signingKeys = new WeakMap<Issuer, KeyObject>();

/** The issuer's certificate after the checks that `issueCertificate` and `createCrl` promise. */
export function checkedIssuer(issuer: Issuer, now: number): CertificateFacts {
  const certificate = readIssuers.get(issuer) ?? readIssuer(issuer);
  readIssuers.set(issuer, certificate);
  if (now > certificate.notAfterMs) {
    const end = new Date(certificate.notAfterMs).toISOString();
    throw new PatchError(
      'CERT_EXPIRED',
      `The CA "${certificate.subject}" expired on ${end} and cannot sign.`,
    );
  }
  return certificate;
}

function readIssuer(issuer: Issuer): CertificateFacts {
  const certificate = parseCertificate(issuer.certificatePem);
  if (!certificate.isCa) {
    throw new PatchError('CERT_UNSUITABLE', `"${certificate.subject}" is not a CA and cannot sign.`);
  }
  if (Buffer.compare(publicKeySpki(issuer.privateKeyPem), certificate.spki) !== 0) {
    throw new PatchError(
      'CERT_KEY_MISMATCH',
      `The CA key does not belong to the CA "${certificate.subject}".`,
    );
  }
  return certificate;
}

/** The key of an issuer that signs many certificates and lists. */
export function signingKey(issuer: Issuer): KeyObject {
  const key = signingKeys.get(issuer) ?? readPrivateKey(issuer.privateKeyPem);
  signingKeys.set(issuer, key);
  return key;
}

interface Blank {
  readonly profile: CertificateProfile;
  readonly subjectSpki: Uint8Array;
  readonly serial: string;
  readonly issuerName: Uint8Array;
  /** Hex. */
  readonly issuerKeyId: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Version 3, RFC 5280 §4.1.2.1. */
const VERSION = encode(0xa0, encodeInteger('02'));

function sign(key: KeyObject, blank: Blank): string {
  const body = encodeSequence(
    VERSION,
    encodeInteger(blank.serial),
    encodeSignatureAlgorithm(key),
    blank.issuerName,
    encodeSequence(encodeTime(blank.notBeforeMs), encodeTime(blank.notAfterMs)),
    encodeCommonName(blank.profile.commonName),
    blank.subjectSpki,
    encode(0xa3, encodeSequence(...extensionsOf(blank))),
  );
  return writePem('CERTIFICATE', signStructure(body, key));
}

function extensionsOf({ profile, subjectSpki, serial, issuerKeyId }: Blank): Uint8Array[] {
  const { authority, extendedKeyUsage, dnsNames, ipAddresses, revocation } = profile;
  const usages = extendedKeyUsage.map((usage) => USAGE_OIDS[usage]);
  const point = revocation === 'manager' ? MANAGER_POINT : certificatePoint(serial);
  return [
    encodeBasicConstraints(authority),
    encodeKeyUsage(authority !== undefined),
    ...(usages.length > 0 ? [encodeExtendedKeyUsage(usages)] : []),
    ...(dnsNames.length + ipAddresses.length > 0 ? [encodeAlternativeNames(dnsNames, ipAddresses)] : []),
    // Where the certificate would be named as revoked; not critical, as RFC 5280 §4.2.1.13 recommends.
    ...(revocation ? [encodeExtension(EXTENSION.distributionPoints, encodePoints([point]))] : []),
    encodeSubjectKeyId(keyIdentifier(subjectSpki)),
    encodeAuthorityKeyId(issuerKeyId),
  ];
}

/** RFC 5280 §4.2.1.2 method 1: SHA-1 of the public key's bits, hex. A name for the key, not a security property. */
function keyIdentifier(spki: Uint8Array): string {
  return createHash('sha1')
    .update(derBits(derChildren(readDer(spki))[1]))
    .digest('hex');
}
