import { PatchError } from '@linux-patch/contract';
import { certificateParts } from './certificate-der.ts';
import { parseCertificate } from './certificates.ts';
import { type CrlScope, encodeScope, ISSUING_DISTRIBUTION_POINT, readScope } from './crl-scope.ts';
import { type DerValue, derChildren, derInteger, derTime, expectTag, readDer, TAG } from './der.ts';
import { encode, encodeExtension, encodeInteger, encodeSequence, encodeTime } from './der-writer.ts';
import { readName } from './distinguished-name.ts';
import { EXTENSION, encodeAuthorityKeyId, readExtensions, unknownCriticalExtensions } from './extensions.ts';
import { checkedIssuer, type Issuer, signingKey } from './issue.ts';
import { readPublicKey } from './keys.ts';
import { corrupt, readPem, writePem } from './pem.ts';
import { canonicalSerial } from './serial.ts';
import {
  encodeSignatureAlgorithm,
  isSignedBy,
  readSigned,
  type SignedStructure,
  signStructure,
} from './signed-structure.ts';

/** What a revocation list says. Instants are epoch milliseconds. */
export interface CrlFacts {
  readonly issuer: string;
  readonly thisUpdateMs: number;
  /** Absent when the list does not say; such a list never becomes stale. */
  readonly nextUpdateMs: number | undefined;
  readonly number: bigint | undefined;
  /** Serial numbers in the form of `CertificateFacts.serialHex`. */
  readonly serials: ReadonlySet<string>;
  /** Reason codes (RFC 5280 §5.3.1) by serial number; an entry without one gives no reason. */
  readonly reasons: ReadonlyMap<string, number>;
  /** What the list is limited to; undefined when it is about every certificate of its issuer. */
  readonly scope: CrlScope | undefined;
}

/** One certificate that a list revokes. */
export interface RevokedEntry {
  readonly serialHex: string;
  readonly revokedAtMs: number;
  /** Reason code of RFC 5280 §5.3.1. 0, unspecified, is left out of the list as that section asks. */
  readonly reasonCode?: number | undefined;
}

/** Largest list that is read: room for about 200,000 entries. */
const LIMIT_BYTES = 16 * 1024 * 1024;

/** Critical extensions of a list that are understood; with any other §5.2 forbids to use it. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  EXTENSION.crlNumber,
  EXTENSION.authorityKeyIdentifier,
  ISSUING_DISTRIBUTION_POINT,
]);

/**
 * A CRL (RFC 5280 §5), PEM, signed by a CA. `nextUpdateMs` is the instant after which clients refuse it, `number`
 * grows with every list; with `points` the list is about the certificates of these distribution points only. Throws as `issueCertificate` does for an unusable issuer.
 */
export async function createCrl(order: {
  readonly issuer: Issuer;
  readonly revoked: readonly RevokedEntry[];
  readonly number: bigint;
  readonly now: number;
  readonly nextUpdateMs: number;
  readonly points?: readonly string[] | undefined;
}): Promise<string> {
  const issuer = checkedIssuer(order.issuer, order.now);
  const key = signingKey(order.issuer);
  const revoked = new Map(order.revoked.map((entry) => [canonicalSerial(entry.serialHex), entry]));
  const entries = [...revoked].map(([serial, { revokedAtMs, reasonCode }]) =>
    encodeSequence(encodeInteger(serial), encodeTime(revokedAtMs), ...encodeReason(reasonCode)),
  );
  const extensions = encodeSequence(
    ...(issuer.subjectKeyId ? [encodeAuthorityKeyId(issuer.subjectKeyId)] : []),
    encodeExtension(EXTENSION.crlNumber, encodeInteger(order.number.toString(16))),
    ...(order.points ? [encodeScope(order.points)] : []),
  );
  const body = encodeSequence(
    encodeInteger('01'),
    encodeSignatureAlgorithm(key),
    certificateParts(issuer.der).subject.encoded,
    encodeTime(order.now),
    encodeTime(order.nextUpdateMs),
    ...(entries.length > 0 ? [encodeSequence(Buffer.concat(entries))] : []),
    encode(0xa0, extensions),
  );
  return writePem('X509 CRL', signStructure(body, key));
}

/** Reads a CRL without checking its signature. Throws CERT_CORRUPT, also for an empty text. */
export function parseCrl(pem: string): CrlFacts {
  const { body } = readCrl(pem);
  try {
    return factsOf(body);
  } catch (cause) {
    if (cause instanceof PatchError) throw cause;
    throw corrupt('revocation list', 'it is damaged', cause);
  }
}

/**
 * Whether the list was signed by this CA certificate's key, for its name, with an accepted algorithm. Throws
 * CERT_CORRUPT when the list or the certificate cannot be read at all.
 */
export function verifyCrl(pem: string, issuerPem: string): boolean {
  const signed = readCrl(pem);
  const issuer = parseCertificate(issuerPem);
  const name = fieldsOf(signed.body)[1];
  const sameName =
    Buffer.compare(name?.encoded ?? new Uint8Array(), certificateParts(issuer.der).subject.encoded) === 0;
  return sameName && issuer.isCa && isSignedBy(signed, readPublicKey(issuer.spki));
}

function readCrl(pem: string): SignedStructure {
  const what = 'revocation list';
  const [block, ...more] = readPem(pem, what, LIMIT_BYTES);
  if (!block || more.length > 0 || block.label !== 'X509 CRL') {
    throw corrupt(what, 'it must be exactly one "X509 CRL" block');
  }
  try {
    return readSigned(block.der);
  } catch (cause) {
    throw corrupt(what, 'it is damaged', cause);
  }
}

/** The fields of a TBSCertList without its version, which only tells whether extensions may occur. */
function fieldsOf(body: DerValue): DerValue[] {
  const fields = derChildren(body);
  return fields[0]?.tag === TAG.integer ? fields.slice(1) : fields;
}

function factsOf(body: DerValue): CrlFacts {
  const [, issuer, thisUpdate, ...rest] = fieldsOf(body);
  const nextUpdate = rest.find((field) => field.tag === TAG.utcTime || field.tag === TAG.generalizedTime);
  const revoked = rest.find((field) => field.tag === TAG.sequence);
  const entries = (revoked ? derChildren(revoked) : []).map(readEntry);
  const wrapper = rest.find((field) => field.tag === 0xa0);
  const sequence = wrapper && derChildren(wrapper, 0xa0)[0];
  if (unknownCriticalExtensions(sequence, UNDERSTOOD).length > 0)
    throw corrupt('revocation list', 'it has a critical extension that is not understood');
  const extensions = readExtensions(sequence);
  const number = extensions.get(EXTENSION.crlNumber);
  const scope = extensions.get(ISSUING_DISTRIBUTION_POINT);
  return {
    issuer: readName(expectTag(issuer, TAG.sequence)).text,
    thisUpdateMs: derTime(thisUpdate),
    nextUpdateMs: nextUpdate && derTime(nextUpdate),
    number: number && derInteger(readDer(number)),
    serials: new Set(entries.map((entry) => entry.serial)),
    reasons: new Map(
      entries.flatMap(({ serial, reason }) => (reason === undefined ? [] : [[serial, reason] as const])),
    ),
    scope: scope && readScope(scope),
  };
}

function readEntry(entry: DerValue): { readonly serial: string; readonly reason: number | undefined } {
  const [serial, , extensions] = derChildren(entry);
  const reason = extensions && readExtensions(extensions).get(EXTENSION.reasonCode);
  return {
    serial: canonicalSerial(expectTag(serial, TAG.integer).content),
    reason: reason && expectTag(readDer(reason), TAG.enumerated).content[0],
  };
}

function encodeReason(reasonCode: number | undefined): Uint8Array[] {
  if (reasonCode === undefined || reasonCode === 0) return [];
  const value = encode(TAG.enumerated, Buffer.from([reasonCode]));
  return [encodeSequence(encodeExtension(EXTENSION.reasonCode, value))];
}
