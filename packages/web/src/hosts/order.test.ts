import { describe, expect, it } from 'vitest';
import { hostsSearchOf, withTerm } from './hosts-search.ts';
import type { KnownHost } from './known-host.ts';
import { inOrder, nextOrder } from './order.ts';

const host = (fqdn: string, securityUpdates: number | null, seenAt: string | null = null) =>
  ({ fqdn, securityUpdates, seenAt }) as KnownHost;
const FLEET = [host('a', 2, '2026-11-30T12:00:00Z'), host('b', null), host('c', 7), host('d', 2)];
const names = (order: Parameters<typeof inOrder>[1]) => inOrder(FLEET, order).map(({ fqdn }) => fqdn);

describe('Hosts', () => {
  it('are in the order of a column, by name among equals, and what nobody knows is last either way', () => {
    expect(names('-security')).toEqual(['c', 'a', 'd', 'b']);
    expect(names('security')).toEqual(['a', 'd', 'c', 'b']);
    expect(names(undefined)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('that were never seen were seen longest ago', () => {
    expect(names('seen')).toEqual(['b', 'c', 'd', 'a']);
  });

  it('come with the most first at the first press, then with the least, then by name', () => {
    expect(nextOrder('security', undefined)).toBe('-security');
    expect(nextOrder('security', '-security')).toBe('security');
    expect(nextOrder('security', 'security')).toBeUndefined();
    expect(nextOrder('security', '-seen')).toBe('-security');
  });

  it('are not put in an order that there is not', () => {
    expect(hostsSearchOf({ q: 'web', sort: '-security' })).toEqual({ q: 'web', sort: '-security' });
    for (const sort of ['name', '--security', '-constructor', 7, ''])
      expect(hostsSearchOf({ q: '', sort })).toEqual({});
  });
});

it('a search has a word more, or less where it is there', () => {
  expect(withTerm('', 'state:behind')).toBe('state:behind');
  expect(withTerm('web  state:behind', 'reboot:needed')).toBe('web state:behind reboot:needed');
  expect(withTerm('web state:behind', 'state:behind')).toBe('web');
});
