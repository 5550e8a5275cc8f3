import { BlockList, isIP } from 'node:net';
import { canonicalIpAddress, ipAddressBytes } from '@linux-patch/pki';
import type { WebNames } from './init.ts';

/** What a host's certificate may not name, because whoever holds it could pose as another machine, the manager above all. */
export interface NameRules {
  /** Why a host may not be certified for a name or an address, as a clause; undefined when it may. */
  faultOf(name: string): string | undefined;
}

type Subnet = readonly [network: string, prefix: number];

/** Addresses that no host has for others (RFC 6890, RFC 4291). */
const NEVER: readonly (readonly [words: string, subnets: readonly Subnet[]])[] = [
  ['an unspecified address', [['0.0.0.0', 8] as const, ['::', 128] as const]],
  ['a link-local address', [['169.254.0.0', 16] as const, ['fe80::', 10] as const]],
  ['a multicast address', [['224.0.0.0', 4] as const, ['ff00::', 8] as const]],
  ['a broadcast or reserved address', [['240.0.0.0', 4] as const]],
];
const LOOPBACK: readonly Subnet[] = [
  ['127.0.0.0', 8],
  ['::1', 128],
];
/** Prefixes behind which an IPv6 address holds an IPv4 one (RFC 4291 §2.5.5, RFC 6052, RFC 3056), and where it begins. */
const EMBEDDING: readonly (readonly [prefix: string, at: number])[] = [
  ['00000000000000000000ffff', 12],
  ['000000000000000000000000', 12],
  ['0064ff9b0000000000000000', 12],
  ['2002', 2],
];
/** Names by which systems call themselves, alone or before a domain. */
const LOCAL_LABELS = new Set(['localhost', 'localhost4', 'localhost6', 'ip6-localhost', 'ip6-loopback']);

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function listOf(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, familyOf(network));
  return list;
}

/** The addresses that say more about a network than about a host. */
interface SpecialAddresses {
  readonly never: readonly (readonly [words: string, list: BlockList])[];
  readonly loopback: BlockList;
}

function specialAddresses(): SpecialAddresses {
  return { never: NEVER.map(([words, subnets]) => [words, listOf(subnets)]), loopback: listOf(LOOPBACK) };
}

/** An address, and the IPv4 address inside it. */
function formsOf(address: string): string[] {
  const own = canonicalIpAddress(address);
  if (isIP(address) !== 6 || own === '::' || own === '::1') return [own];
  const bytes = ipAddressBytes(address);
  const hex = Buffer.from(bytes).toString('hex');
  const found = EMBEDDING.find(([prefix]) => hex.startsWith(prefix));
  return found ? [own, bytes.slice(found[1], found[1] + 4).join('.')] : [own];
}

function isIn(list: BlockList, address: string): boolean {
  return formsOf(address).some((form) => list.check(form, familyOf(form)));
}

/** Whether an address leads to the very machine that uses it, in whatever spelling. */
function isLoopback({ loopback }: SpecialAddresses, address: string): boolean {
  return isIn(loopback, address);
}

function isLocalName(name: string): boolean {
  const labels = name.split('.');
  return LOCAL_LABELS.has(labels[0] ?? '') || labels.at(-1) === 'localhost';
}

/** Whether URLs and resolvers read a name as a number, so as an IPv4 address (WHATWG URL §3.5, inet_aton). */
function readsAsAddress(name: string): boolean {
  return /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name);
}

/** Whether a certificate with this name is also good for that one (RFC 6125 §6.4.3). */
function covers(pattern: string, name: string): boolean {
  return pattern === name || (pattern.startsWith('*.') && pattern.slice(1) === name.replace(/^[^.]*/, ''));
}

function neverFault({ never }: SpecialAddresses, address: string): string | undefined {
  return never.find(([, list]) => isIn(list, address))?.[0];
}

/** Whether an entry of `certificates.local_hosts` can be meant: a name, an address, or a part of the loopback network. */
export function isLocalHostEntry(entry: string): boolean {
  const [address = '', prefix] = entry.split('/');
  if (prefix === undefined)
    return isIP(entry) === 0 ? !entry.includes('*') : neverFault(specialAddresses(), entry) === undefined;
  return isIP(address) === 4 && /^\d+$/.test(prefix) && Number(prefix) >= 8 && Number(prefix) <= 32
    ? isLoopback(specialAddresses(), address)
    : false;
}

/** @param localHosts the administrator's exceptions: names and addresses of the manager's own machine that hosts may have */
export function createNameRules(own: WebNames, localHosts: readonly string[]): NameRules {
  const ownNames = own.dnsNames.map((name) => name.toLowerCase());
  const ownAddresses = new Set(own.ipAddresses.map(canonicalIpAddress));
  const exceptions = new Set(
    localHosts.map((entry) => (isIP(entry) === 0 ? entry.toLowerCase() : canonicalIpAddress(entry))),
  );
  const loopbackParts = listOf(
    localHosts
      .filter((entry) => entry.includes('/'))
      .map((entry) => [entry.split('/')[0] ?? '', Number(entry.split('/')[1])] as const),
  );
  const special = specialAddresses();
  const addressFault = (address: string): string | undefined => {
    const never = neverFault(special, address);
    if (never !== undefined) return never;
    const canonical = canonicalIpAddress(address);
    if (exceptions.has(canonical) || (isIP(address) === 4 && loopbackParts.check(canonical)))
      return undefined;
    if (isLoopback(special, address)) return 'a loopback address';
    return formsOf(address).some((form) => ownAddresses.has(form)) ? 'an address of this manager' : undefined;
  };
  const nameFault = (name: string): string | undefined => {
    if (readsAsAddress(name)) return 'a number, which is read as an address';
    if (exceptions.has(name)) return undefined;
    if (isLocalName(name)) return 'a name of every machine for itself';
    const pattern = ownNames.find((one) => covers(one, name));
    if (pattern === undefined) return undefined;
    return pattern === name ? 'a name of this manager' : `a name of this manager, by its wildcard ${pattern}`;
  };
  return {
    faultOf(name) {
      const lower = name.toLowerCase();
      return isIP(lower) === 0 ? nameFault(lower) : addressFault(lower);
    },
  };
}
