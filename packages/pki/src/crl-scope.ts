import { type DerValue, derChildren, readDer } from './der.ts';
import { encode, encodeExtension, encodeSequence } from './der-writer.ts';
import { canonicalSerial } from './serial.ts';

/** Extension of a list that limits what it speaks about; OID as the hex of its content octets. */
export const ISSUING_DISTRIBUTION_POINT = '551d1c';

/** Names and not addresses, so that they outlive every URL of the manager. */
const PREFIX = 'urn:linux-patch:revocation:';

/** Distribution point of the manager's own certificates. */
export const MANAGER_POINT = `${PREFIX}manager`;

/** Distribution point of one certificate of a host. */
export function certificatePoint(serialHex: string): string {
  return `${PREFIX}certificate:${canonicalSerial(serialHex)}`;
}

/** What an issuing distribution point (RFC 5280 §5.2.5) limits a list to. */
export interface CrlScope {
  /** Distribution points, as URIs; undefined when the list is not limited to any. */
  readonly points: readonly string[] | undefined;
  /** Which certificates of these; `others` are attribute certificates and those of other CAs. */
  readonly only: 'all' | 'users' | 'authorities' | 'others';
}

/** What decides whether a list speaks about a certificate. */
export interface Listed {
  readonly serialHex: string;
  readonly isCa: boolean;
  /** Distribution points that the certificate names. */
  readonly revocationPoints: readonly string[];
}

/**
 * Whether a list of this scope says anything about a certificate; one without a scope is about all of its issuer's. A
 * certificate from before distribution points were named is held against the point of its serial number.
 */
export function coversCertificate(scope: CrlScope | undefined, certificate: Listed): boolean {
  if (scope === undefined) return true;
  const { points, only } = scope;
  if (only === 'others' || (only !== 'all' && (only === 'authorities') !== certificate.isCa)) return false;
  const own = [...certificate.revocationPoints, certificatePoint(certificate.serialHex)];
  return points === undefined || points.some((point) => own.includes(point));
}

/**
 * Whether a list of this scope may name client certificates of the manager. Points of other CAs are not known here: such
 * a list is taken for what it names.
 */
export function coversManager(scope: CrlScope | undefined): boolean {
  if (scope === undefined) return true;
  const { points = [MANAGER_POINT], only } = scope;
  const ours = points.filter((point) => point.startsWith(PREFIX));
  return (only === 'all' || only === 'users') && (ours.length === 0 || ours.includes(MANAGER_POINT));
}

const URI = 0x86;
/** `[0]` stands for the distribution point and, within it, for its full name. */
const FIRST = 0xa0;
/** Tags of the flags of §5.2.5. That only some reasons are given ([3]) takes nothing from what is said. */
const FLAGS: Readonly<Record<number, CrlScope['only']>> = {
  0x81: 'users',
  0x82: 'authorities',
  0x84: 'others',
  0x85: 'others',
};

/** The critical extension that limits a list to these points. */
export function encodeScope(points: readonly string[]): Uint8Array {
  return encodeExtension(ISSUING_DISTRIBUTION_POINT, encodeSequence(encodePoint(points)), 'critical');
}

/** Value of a certificate's CRLDistributionPoints (§4.2.1.13). */
export function encodePoints(points: readonly string[]): Uint8Array {
  return encodeSequence(...points.map((point) => encodeSequence(encodePoint([point]))));
}

function encodePoint(uris: readonly string[]): Uint8Array {
  return encode(FIRST, encode(FIRST, ...uris.map((uri) => encode(URI, Buffer.from(uri, 'latin1')))));
}

/** Reads the value of an issuing distribution point. Throws RangeError when it is malformed. */
export function readScope(value: Uint8Array): CrlScope {
  const fields = derChildren(readDer(value));
  const point = fields.find((field) => field.tag === FIRST);
  const flags = fields.filter((field) => field.content[0] !== 0).map((field) => FLAGS[field.tag] ?? 'all');
  return { points: point && readPoint(point), only: flags.find((flag) => flag !== 'all') ?? 'all' };
}

/** The URIs of all points in a certificate's CRLDistributionPoints; where they cannot be read, it names none. */
export function readPoints(value: Uint8Array | undefined): string[] {
  if (value === undefined) return [];
  try {
    const points = derChildren(readDer(value)).flatMap((entry) => derChildren(entry));
    return points.filter((field) => field.tag === FIRST).flatMap(readPoint);
  } catch {
    return [];
  }
}

/** Names of other kinds than URIs match nothing here. */
function readPoint(point: DerValue): string[] {
  return derChildren(point, FIRST)
    .filter((name) => name.tag === FIRST)
    .flatMap((name) => derChildren(name, FIRST))
    .filter((name) => name.tag === URI)
    .map((name) => Buffer.from(name.content).toString('latin1'));
}
