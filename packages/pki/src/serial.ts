/** The one text form of a serial number: lower-case hex, two digits an octet, no leading zero octet. */
export function canonicalSerial(hexOrBytes: string | Uint8Array): string {
  const hex =
    typeof hexOrBytes === 'string' ? hexOrBytes.toLowerCase() : Buffer.from(hexOrBytes).toString('hex');
  if (!/^[0-9a-f]+$/.test(hex)) throw new RangeError('a serial number is hexadecimal digits');
  const digits = hex.replace(/^0+(?=.)/, '');
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

/** A serial number from 16 random bytes: positive, up to 128 bits, in canonical form. */
export function serialFrom(bytes16: Uint8Array): string {
  if (bytes16.length !== 16 || bytes16.every((byte) => byte === 0)) {
    throw new RangeError('a serial number is made of 16 bytes that are not all zero');
  }
  return canonicalSerial(bytes16);
}

/** The DER content octets of a serial number, hex: a leading zero octet keeps it positive. */
export function serialOctets(serialHex: string): string {
  const canonical = canonicalSerial(serialHex);
  return /^[89a-f]/.test(canonical) ? `00${canonical}` : canonical;
}
