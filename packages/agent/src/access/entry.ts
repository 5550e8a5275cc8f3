import { type Address, findAddress } from './address.ts';

/** One line of the allow list that means something. */
export type AllowListEntry =
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'range'; readonly address: Address; readonly prefix: number }
  | { readonly kind: 'name'; readonly name: string };

/** RFC 1123 §2.1 labels, underscores tolerated; the last label has a letter, so that no broken address passes for a name. */
const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i;

/** Bits that come before the IPv4 part of an IPv4-mapped IPv6 address. */
const MAPPED_BITS = 96;

function readRange(text: string): AllowListEntry | string {
  const [base = '', bits = '', ...more] = text.split('/');
  const address = base.includes('%') ? undefined : findAddress(base);
  if (!address || more.length > 0) return 'must be a range such as 10.0.0.0/8 or fd00::/8';
  const written = base.includes(':') ? 128 : 32;
  const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (prefix < 0 || prefix > written)
    return `must have a prefix length from 0 to ${written} behind the slash`;
  if (address.family === 'ipv6' || written === 32) return { kind: 'range', address, prefix };
  if (prefix >= MAPPED_BITS) return { kind: 'range', address, prefix: prefix - MAPPED_BITS };
  return 'must have a prefix length from 96 to 128, because it is IPv4 written as IPv6';
}

/** Reads one entry, without the spaces around it; a text is what is wrong with it. */
export function readEntry(text: string): AllowListEntry | string {
  if (text.includes('/')) return readRange(text);
  if (text.includes('%')) return 'must be an address without a zone (%…)';
  const address = findAddress(text);
  if (address) return { kind: 'address', address };
  if (HOST_NAME.test(text)) return { kind: 'name', name: text.toLowerCase().replace(/\.$/, '') };
  if (text === '*') return 'must be an address, a range or a host name; everybody is 0.0.0.0/0 and ::/0';
  return 'must be an IPv4 or IPv6 address, a range such as 10.0.0.0/8, or a host name';
}

/** The same text for entries that mean the same. */
export function entryText(entry: AllowListEntry): string {
  if (entry.kind === 'name') return entry.name;
  return entry.kind === 'address' ? entry.address.text : `${entry.address.text}/${entry.prefix}`;
}
