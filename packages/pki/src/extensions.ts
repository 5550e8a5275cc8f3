import { type DerValue, derChildren, derInteger, derOid, expectTag, readDer, TAG } from './der.ts';
import { encode, encodeDottedOid, encodeExtension, encodeInteger, encodeSequence } from './der-writer.ts';
import { ipAddressBytes, ipAddressFromBytes } from './ip-address.ts';

/** OIDs of the extensions read here, as the hex of their content octets. */
export const EXTENSION = {
  subjectKeyIdentifier: '551d0e',
  keyUsage: '551d0f',
  subjectAlternativeName: '551d11',
  basicConstraints: '551d13',
  crlNumber: '551d14',
  reasonCode: '551d15',
  distributionPoints: '551d1f',
  authorityKeyIdentifier: '551d23',
} as const;

/** GeneralName choices (RFC 5280 §4.2.1.6). */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** Extension values (the inside of each OCTET STRING) by OID. Throws RangeError for a repeated one. */
export type Extensions = ReadonlyMap<string, Uint8Array>;

/** Reads an Extensions SEQUENCE (RFC 5280 §4.1.2.9). */
export function readExtensions(sequence: DerValue | undefined): Extensions {
  const found = new Map<string, Uint8Array>();
  if (sequence === undefined) return found;
  for (const extension of derChildren(sequence)) {
    const parts = derChildren(extension);
    const oid = derOid(parts[0]);
    if (found.has(oid)) throw new RangeError('an extension occurs twice');
    found.set(oid, expectTag(parts.at(-1), TAG.octetString).content);
  }
  return found;
}

/** Critical extensions that OpenSSL understands; with any other, RFC 5280 §4.2 demands that a certificate is refused. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...Object.values(EXTENSION),
  '551d1e', // name constraints
  '551d20', // certificate policies
  '551d21', // policy mappings
  '551d24', // policy constraints
  '551d25', // extended key usage
  '551d36', // inhibit anyPolicy
]);

/**
 * OIDs (hex of their content octets) of the critical extensions that nobody here understands.
 * @param understood those that are, by default those of certificates
 */
export function unknownCriticalExtensions(
  sequence: DerValue | undefined,
  understood: ReadonlySet<string> = UNDERSTOOD,
): string[] {
  if (sequence === undefined) return [];
  return derChildren(sequence)
    .map((extension) => derChildren(extension))
    .filter((parts) => parts[1]?.tag === TAG.boolean && parts[1].content[0] !== 0)
    .map((parts) => derOid(parts[0]))
    .filter((oid) => !understood.has(oid));
}

/** Bits of a keyUsage extension that matter here (RFC 5280 §4.2.1.3). */
export type KeyUsage = 'digitalSignature' | 'keyCertSign';

/** The key usages; undefined when the extension is absent, which allows every use. */
export function readKeyUsage(extensions: Extensions): readonly KeyUsage[] | undefined {
  const value = extensions.get(EXTENSION.keyUsage);
  if (value === undefined) return undefined;
  const bits = expectTag(readDer(value), TAG.bitString).content[1] ?? 0;
  return [
    ...(bits & 0x80 ? (['digitalSignature'] as const) : []),
    ...(bits & 0x04 ? (['keyCertSign'] as const) : []),
  ];
}

/** The DNS names and addresses of a subjectAltName; other kinds of names are left out. */
export function readAlternativeNames(extensions: Extensions): { dnsNames: string[]; ipAddresses: string[] } {
  const value = extensions.get(EXTENSION.subjectAlternativeName);
  const names = value === undefined ? [] : derChildren(readDer(value));
  return {
    dnsNames: names
      .filter((name) => name.tag === DNS_NAME)
      .map((name) => Buffer.from(name.content).toString('latin1')),
    ipAddresses: names
      .filter((name) => name.tag === IP_ADDRESS)
      .map((name) => ipAddressFromBytes(name.content))
      .filter((address) => address !== undefined),
  };
}

/** How many CA certificates may stand below this one; undefined when unlimited. */
export function readPathLength(extensions: Extensions): number | undefined {
  const value = extensions.get(EXTENSION.basicConstraints);
  if (value === undefined) return undefined;
  const length = derChildren(readDer(value)).find((part) => part.tag === TAG.integer);
  return length === undefined ? undefined : Number(derInteger(length));
}

/** The subject key identifier, hex; undefined when the certificate has none. */
export function readSubjectKeyId(extensions: Extensions): string | undefined {
  const value = extensions.get(EXTENSION.subjectKeyIdentifier);
  if (value === undefined) return undefined;
  return Buffer.from(expectTag(readDer(value), TAG.octetString).content).toString('hex');
}

/** A subjectAltName extension. Throws RangeError for a DNS name that is not ASCII or a text that is no address. */
export function encodeAlternativeNames(
  dnsNames: readonly string[],
  ipAddresses: readonly string[],
): Uint8Array {
  if (dnsNames.some((name) => /[^!-~]/.test(name))) throw new RangeError('a DNS name must be ASCII');
  const names = [
    ...dnsNames.map((name) => encode(DNS_NAME, Buffer.from(name, 'latin1'))),
    ...ipAddresses.map((address) => encode(IP_ADDRESS, ipAddressBytes(address))),
  ];
  return encodeExtension(EXTENSION.subjectAlternativeName, encodeSequence(...names));
}

/** A basicConstraints extension, critical. `authority` is absent for end entities, its path length when unlimited. */
export function encodeBasicConstraints(authority: { readonly pathLength?: number } | undefined): Uint8Array {
  const value = authority && [
    encode(TAG.boolean, Buffer.from([0xff])),
    ...(authority.pathLength === undefined ? [] : [encodeInteger(authority.pathLength.toString(16))]),
  ];
  return encodeExtension(EXTENSION.basicConstraints, encodeSequence(...(value ?? [])), 'critical');
}

/** A keyUsage extension, critical: certificates and lists for a CA, signatures for an end entity. */
export function encodeKeyUsage(isCa: boolean): Uint8Array {
  // Bits 5 and 6, keyCertSign and cRLSign, or bit 0, digitalSignature; the first octet counts the unused bits.
  const bits = isCa ? [1, 0x06] : [7, 0x80];
  return encodeExtension(EXTENSION.keyUsage, encode(TAG.bitString, Buffer.from(bits)), 'critical');
}

/** An extKeyUsage extension of these purposes, dotted OIDs. */
export function encodeExtendedKeyUsage(oids: readonly string[]): Uint8Array {
  return encodeExtension('551d25', encodeSequence(...oids.map(encodeDottedOid)));
}

/** A subjectKeyIdentifier extension, from hex. */
export function encodeSubjectKeyId(keyIdHex: string): Uint8Array {
  return encodeExtension(
    EXTENSION.subjectKeyIdentifier,
    encode(TAG.octetString, Buffer.from(keyIdHex, 'hex')),
  );
}

/** An authorityKeyIdentifier extension that names the issuer's key, from hex. */
export function encodeAuthorityKeyId(keyIdHex: string): Uint8Array {
  const keyIdentifier = encode(0x80, Buffer.from(keyIdHex, 'hex'));
  return encodeExtension(EXTENSION.authorityKeyIdentifier, encodeSequence(keyIdentifier));
}
