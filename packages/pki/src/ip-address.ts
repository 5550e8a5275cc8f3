import { isIP } from 'node:net';

/** The one text form of an address: dotted IPv4, or IPv6 as in RFC 5952 without a zone. */
export function canonicalIpAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** The text form of the 4 or 16 octets of an address; undefined for any other length. */
export function ipAddressFromBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return canonicalIpAddress(groups.join(':'));
}

/** The 4 or 16 octets of an address. Throws RangeError for anything else. */
export function ipAddressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.'), Number);
  if (isIP(address) === 0) throw new RangeError('not an IP address');
  const [head = '', tail] = canonicalIpAddress(address).split('::');
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const [left, right] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
