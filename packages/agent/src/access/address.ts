import { isIP } from 'node:net';

/** An address in the form that is compared: IPv4 written as IPv6 (`::ffff:1.2.3.4`) is IPv4, without a zone. */
export interface Address {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
}

/** Addresses of ::ffff:0:0/96 as the URL standard writes them, the low 32 bits in two groups (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** Reads an IPv4 or IPv6 address; undefined for anything else. */
export function findAddress(text: string): Address | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return { text, family: 'ipv4' };
  const [bare = ''] = text.split('%', 1);
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return { text: canonical, family: 'ipv6' };
  const bits = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return { text: bits.flatMap((part) => [part >> 8, part & 0xff]).join('.'), family: 'ipv4' };
}
