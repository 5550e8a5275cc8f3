import { BlockList } from 'node:net';
import { findAddress } from './address.ts';
import type { AllowListEntry } from './entry.ts';

/** Decides about addresses. */
export interface AddressMatcher {
  /** False for anything that is no address. IPv4 written as IPv6 counts as IPv4; a zone (`%eth0`) is ignored. */
  allows(address: string): boolean;
}

/**
 * A matcher for entries, with what host names resolved to.
 * @param addressesOf Last known addresses of a host name; none is fine.
 */
export function createMatcher(
  entries: readonly AllowListEntry[],
  addressesOf: (name: string) => readonly string[],
): AddressMatcher {
  // One list per family: a single one would let ::/0 allow every IPv4 address too.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  const addAddress = (text: string): void => {
    const address = findAddress(text);
    if (address) lists[address.family].addAddress(address.text, address.family);
  };
  for (const entry of entries) {
    if (entry.kind === 'name') addressesOf(entry.name).forEach(addAddress);
    else if (entry.kind === 'address') addAddress(entry.address.text);
    else lists[entry.address.family].addSubnet(entry.address.text, entry.prefix, entry.address.family);
  }
  return {
    allows(text) {
      const address = findAddress(text);
      return address !== undefined && lists[address.family].check(address.text, address.family);
    },
  };
}
