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

const SUBSCRIBER_BYTES = 8;

function isMappedIpv4(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}

/**
 * What stands for whoever calls from an address when callers are counted: an IPv4 address itself, also when it is written
 * as IPv6 (RFC 4291 §2.5.5.2), and of an IPv6 address its /64, which is the least that one subscriber has (RFC 6177).
 * What is no address stands for itself.
 */
export function addressPrefix(address: string): string {
  const [bare = ''] = address.split('%', 1);
  if (isIP(bare) !== 6) return address;
  const bytes = ipAddressBytes(bare);
  if (isMappedIpv4(bytes)) return bytes.subarray(12).join('.');
  const zeros = new Uint8Array(bytes.length - SUBSCRIBER_BYTES);
  return `${ipAddressFromBytes(Buffer.concat([bytes.subarray(0, SUBSCRIBER_BYTES), zeros]))}/64`;
}
