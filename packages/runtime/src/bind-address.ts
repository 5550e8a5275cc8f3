import { BlockList, isIP } from 'node:net';

/** Every address of 127.0.0.0/8 is a host's own, and these two mean all addresses. */
const ALWAYS_THERE = /^(?:127\..*|::1|0\.0\.0\.0|::)$/;

/** Whether a host with these addresses can listen at this one. */
export function hasAddress(addresses: readonly string[], bind: string): boolean {
  if (ALWAYS_THERE.test(bind) || isIP(bind) === 0) return true;
  const familyOf = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6');
  const own = new BlockList();
  // An address of one link comes with its interface.
  for (const address of addresses.map((one) => one.replace(/%.*/, '')))
    own.addAddress(address, familyOf(address));
  return own.check(bind, familyOf(bind));
}
