import { createHash } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { certificateParts } from './certificate-der.ts';
import { type CertificateFacts, parseCertificate } from './certificates.ts';
import { certificatePoint, encodePoints, MANAGER_POINT } from './crl-scope.ts';
import { derBits, derChildren, readDer } from './der.ts';
import { USAGE_OIDS } from './key-usages.ts';
import { isAllowedKey, keyAlgorithm, publicKeySpki, readPublicKey } from './keys.ts';
import { writePem } from './pem.ts';
import type { CertificateProfile } from './profiles.ts';
import { serialOctets } from './serial.ts';
import { type Library, type SigningKey, signingKey, x509Library } from './x509-library.ts';

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
  const x509 = await x509Library();
  const spki = publicKeySpki(root.privateKeyPem);
  const own = keyIdentifier(spki);
  const name = commonNameOnly(x509, root.profile.commonName);
  return build(x509, signingKey(root.privateKeyPem), {
    profile: root.profile,
    subjectSpki: spki,
    serial: root.serial,
    issuer: name,
    issuerKeyId: own,
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
  const x509 = await x509Library();
  const lifetimeMs = order.lifetimeMs ?? order.profile.lifetimeMs;
  return build(x509, signerOf(order.issuer), {
    profile: order.profile,
    subjectSpki: order.subjectSpki,
    serial: order.serial,
    issuer: new x509.Name(arrayBuffer(certificateParts(issuer.der).subject.encoded)),
    issuerKeyId: issuer.subjectKeyId ?? keyIdentifier(issuer.spki),
    notBeforeMs: order.now - BACKDATE_MS,
    notAfterMs: Math.min(order.now + lifetimeMs, issuer.notAfterMs),
  });
}

/** What was read of an issuer: the same for every certificate that it signs. */
const readIssuers = new WeakMap<Issuer, CertificateFacts>();
const signers = new WeakMap<Issuer, SigningKey>();

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

function signerOf(issuer: Issuer): SigningKey {
  const key = signers.get(issuer) ?? signingKey(issuer.privateKeyPem);
  signers.set(issuer, key);
  return key;
}

interface Blank {
  readonly profile: CertificateProfile;
  readonly subjectSpki: Uint8Array;
  readonly serial: string;
  readonly issuer: InstanceType<Library['Name']>;
  readonly issuerKeyId: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

async function build(x509: Library, key: SigningKey, blank: Blank): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialOctets(blank.serial),
    subject: commonNameOnly(x509, blank.profile.commonName),
    issuer: blank.issuer,
    notBefore: wholeSeconds(blank.notBeforeMs),
    notAfter: wholeSeconds(blank.notAfterMs),
    publicKey: arrayBuffer(blank.subjectSpki),
    signingKey: key.privateKey,
    signingAlgorithm: key.algorithm,
    extensions: [
      ...purposeExtensions(x509, blank.profile),
      ...revocationExtensions(x509, blank),
      new x509.SubjectKeyIdentifierExtension(keyIdentifier(blank.subjectSpki)),
      new x509.AuthorityKeyIdentifierExtension(blank.issuerKeyId),
    ],
  });
  return writePem('CERTIFICATE', new Uint8Array(certificate.rawData));
}

function purposeExtensions(x509: Library, profile: CertificateProfile): InstanceType<Library['Extension']>[] {
  const names = [
    ...profile.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...profile.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  return [
    ...usageExtensions(x509, profile),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
  ];
}

/** Tells where the certificate would be named as revoked; not critical, as RFC 5280 §4.2.1.13 recommends. */
function revocationExtensions(
  x509: Library,
  { profile, serial }: Pick<Blank, 'profile' | 'serial'>,
): InstanceType<Library['Extension']>[] {
  if (profile.revocation === undefined) return [];
  const point = profile.revocation === 'manager' ? MANAGER_POINT : certificatePoint(serial);
  return [new x509.Extension('2.5.29.31', false, arrayBuffer(encodePoints([point])))];
}

/** By usage and path length: the same for every certificate of a kind, and slow to encode. */
const usageExtensionsByKind = new Map<string, InstanceType<Library['Extension']>[]>();

function usageExtensions(
  x509: Library,
  { authority, extendedKeyUsage }: CertificateProfile,
): InstanceType<Library['Extension']>[] {
  const kind = JSON.stringify([authority ?? null, extendedKeyUsage]);
  const known = usageExtensionsByKind.get(kind);
  if (known) return known;
  const flags = x509.KeyUsageFlags;
  const usages = extendedKeyUsage.map((usage) => USAGE_OIDS[usage]);
  const made = [
    new x509.BasicConstraintsExtension(authority !== undefined, authority?.pathLength, true),
    new x509.KeyUsagesExtension(authority ? flags.keyCertSign | flags.cRLSign : flags.digitalSignature, true),
    ...(usages.length > 0 ? [new x509.ExtendedKeyUsageExtension(usages)] : []),
  ];
  usageExtensionsByKind.set(kind, made);
  return made;
}

/** RFC 5280 §4.2.1.2 method 1: SHA-1 of the public key's bits, hex. A name for the key, not a security property. */
function keyIdentifier(spki: Uint8Array): string {
  return createHash('sha1')
    .update(derBits(derChildren(readDer(spki))[1]))
    .digest('hex');
}

function commonNameOnly(x509: Library, commonName: string): InstanceType<Library['Name']> {
  return new x509.Name([{ CN: [{ utf8String: commonName }] }]);
}

function wholeSeconds(epochMs: number): Date {
  return new Date(Math.floor(epochMs / 1000) * 1000);
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
