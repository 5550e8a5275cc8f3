import { X509Certificate } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import { certificateParts } from './certificate-der.ts';
import { readPoints } from './crl-scope.ts';
import { firstDer } from './der.ts';
import { readName } from './distinguished-name.ts';
import {
  EXTENSION,
  type KeyUsage,
  readAlternativeNames,
  readKeyUsage,
  readPathLength,
  readSubjectKeyId,
} from './extensions.ts';
import { spkiSha256 } from './fingerprints.ts';
import { USAGE_OIDS } from './key-usages.ts';
import { keyAlgorithm } from './keys.ts';
import { corrupt, type PemBlock, readPemText, writePem } from './pem.ts';
import { canonicalSerial } from './serial.ts';

/** What a certificate says, parsed once. Instants are epoch milliseconds. */
export interface CertificateFacts {
  readonly pem: string;
  readonly der: Uint8Array;
  /** For people, as `CN=…, O=…`. */
  readonly subject: string;
  readonly commonName: string | undefined;
  readonly issuer: string;
  /** Lower-case hex, two digits an octet, no leading zero octet: the form used everywhere. */
  readonly serialHex: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isCa: boolean;
  /** How many CA certificates may stand below; undefined when unlimited. */
  readonly pathLength: number | undefined;
  /** `serverAuth`, `clientAuth`, `linuxPatchManager` or a dotted OID; empty when the extension is absent, which allows every use. */
  readonly extendedKeyUsage: readonly string[];
  /** Undefined when the extension is absent, which allows every use. */
  readonly keyUsage: readonly KeyUsage[] | undefined;
  /** OIDs (hex of their content octets) of critical extensions that are not understood. */
  readonly unknownCritical: readonly string[];
  readonly dnsNames: readonly string[];
  /** In canonical form (RFC 5952 for IPv6). */
  readonly ipAddresses: readonly string[];
  /** Distribution points of revocation lists (RFC 5280 §4.2.1.13) that it names by a URI. */
  readonly revocationPoints: readonly string[];
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** base64url */
  readonly spkiSha256: string;
  /** Subject key identifier, hex. */
  readonly subjectKeyId: string | undefined;
  /** Issued to itself and signed with its own key. */
  readonly selfSigned: boolean;
  /** Such as `EC P-256`, `RSA 2048`, `Ed25519`. */
  readonly publicKeyAlgorithm: string;
  /** OpenSSL's name, such as `ecdsa-with-SHA256`. */
  readonly signatureAlgorithm: string;
}

/** Largest text that `parseCertificates` reads. */
export const CERTIFICATES_LIMIT_BYTES = 256 * 1024;

const USAGES = new Map(Object.entries(USAGE_OIDS).map(([usage, oid]) => [oid, usage]));

/** Labels of certificates (RFC 7468 §5.1; `openssl x509 -trustout` for the last). */
const LABELS: readonly string[] = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'];

/** The blocks of certificates in a PEM text, and what else is in it. */
export interface CertificateText {
  readonly ders: readonly Uint8Array[];
  /** Clauses about the file, such as `holds text after its last PEM block`. */
  readonly oddities: readonly string[];
}

/** Finds the certificates of a PEM text in use. Throws CERT_CORRUPT when there is none, or a block is damaged. */
export function readCertificateText(text: string, what: string): CertificateText {
  const { blocks, oddities } = readPemText(text, what, CERTIFICATES_LIMIT_BYTES);
  const certificates = blocks.filter((block) => LABELS.includes(block.label));
  const foreign = blocks.filter((block) => !LABELS.includes(block.label));
  if (certificates.length === 0 && foreign[0]) throw corrupt(what, `it ${wrongLabel(foreign[0])}`);
  const ders = certificates.map(derOf);
  const different = new Set(ders.map((der) => Buffer.from(der).toString('base64')));
  return {
    ders,
    oddities: [
      ...new Set(foreign.map(wrongLabel)),
      ...(certificates.some((block) => block.label === 'TRUSTED CERTIFICATE')
        ? ['holds a "TRUSTED CERTIFICATE" block, whose trust settings do not count here']
        : []),
      ...(different.size < ders.length ? ['holds the same certificate twice'] : []),
      ...oddities,
    ],
  };
}

/** OpenSSL writes what a certificate is trusted for behind it, into the same block. */
function derOf({ label, der }: PemBlock): Uint8Array {
  if (label !== 'TRUSTED CERTIFICATE') return der;
  try {
    return firstDer(der).encoded;
  } catch {
    return der;
  }
}

const FILE = 'certificate file';

/**
 * Every certificate of a PEM text in use, in order, at least one; what else is in the text is passed over. Throws
 * CERT_CORRUPT with the reason as a clause in `details.reason`.
 */
export function parseCertificates(pem: string): CertificateFacts[] {
  return readCertificateText(pem, FILE).ders.map((der, index) => parseDer(der, FILE, index + 1));
}

/** As `parseCertificates`, for a text that somebody sent: anything but certificates in it throws CERT_CORRUPT as well. */
export function parseReceivedCertificates(pem: string): CertificateFacts[] {
  const { oddities } = readCertificateText(pem, FILE);
  if (oddities[0] !== undefined) throw corrupt(FILE, `it ${oddities[0]}`);
  return parseCertificates(pem);
}

/** The only certificate of a PEM text. Throws CERT_CORRUPT, also when there are several, or anything else. */
export function parseCertificate(pem: string): CertificateFacts {
  const [only, ...more] = parseReceivedCertificates(pem);
  if (only === undefined || more.length > 0) {
    throw corrupt('certificate', `it holds ${more.length + 1} certificates where one is expected`);
  }
  return only;
}

/**
 * The certificates of a PEM text as every TLS library reads them, without anything around them; a text that cannot be read
 * is returned as it is.
 */
export function plainCertificates(pem: string): string {
  try {
    return readCertificateText(pem, FILE)
      .ders.map((der) => writePem('CERTIFICATE', der))
      .join('');
  } catch {
    return pem;
  }
}

/** A certificate from its DER bytes. Throws CERT_CORRUPT. */
export function parseCertificateDer(der: Uint8Array): CertificateFacts {
  return parseDer(der, 'certificate', 1);
}

function parseDer(der: Uint8Array, what: string, position: number): CertificateFacts {
  try {
    return factsOf(der);
  } catch (cause) {
    if (cause instanceof PatchError) throw cause;
    const reason = cause instanceof RangeError ? cause.message : 'OpenSSL does not accept it';
    throw corrupt(what, `certificate ${position} in it is damaged (${reason})`, cause);
  }
}

function factsOf(der: Uint8Array): CertificateFacts {
  const parts = certificateParts(der);
  const certificate = new X509Certificate(der);
  const subject = readName(parts.subject);
  const sameNames = Buffer.compare(parts.subject.encoded, parts.issuer.encoded) === 0;
  return {
    pem: writePem('CERTIFICATE', der),
    der,
    subject: subject.text,
    commonName: subject.commonName,
    issuer: readName(parts.issuer).text,
    serialHex: canonicalSerial(parts.serial),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    isCa: certificate.ca,
    pathLength: readPathLength(parts.extensions),
    extendedKeyUsage: (certificate.keyUsage ?? []).map((oid) => USAGES.get(oid) ?? oid),
    keyUsage: readKeyUsage(parts.extensions),
    unknownCritical: parts.unknownCritical,
    ...readAlternativeNames(parts.extensions),
    revocationPoints: readPoints(parts.extensions.get(EXTENSION.distributionPoints)),
    spki: parts.spki,
    spkiSha256: spkiSha256(parts.spki),
    subjectKeyId: readSubjectKeyId(parts.extensions),
    selfSigned: sameNames && certificate.verify(certificate.publicKey),
    publicKeyAlgorithm: keyAlgorithm(certificate.publicKey),
    signatureAlgorithm: certificate.signatureAlgorithm ?? 'unknown',
  };
}

function wrongLabel(block: PemBlock): string {
  return block.label.includes('PRIVATE KEY')
    ? 'holds a private key, which belongs only into the key file'
    : `holds a "${block.label}" block where only certificates belong`;
}
