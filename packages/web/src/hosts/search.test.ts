import { describe, expect, it } from 'vitest';
import type { KnownHost } from './known-host.ts';
import { searchHosts } from './search.ts';

const host = (fqdn: string, rest: Partial<KnownHost> = {}): KnownHost => ({
  id: fqdn,
  fqdn,
  state: 'current',
  reason: null,
  os: 'debian 12',
  address: '10.0.0.1',
  updates: 0,
  securityUpdates: 0,
  seenAt: null,
  listedAt: null,
  identity: 'ok',
  groups: [],
  labels: [],
  ...rest,
});
const FLEET = [
  host('web1.example', { state: 'behind', securityUpdates: 2, updates: 3 }),
  host('web2.example', { state: 'unknown', updates: null, securityUpdates: null, identity: 'expired' }),
  host('db1.example', {
    os: 'ubuntu 24.04',
    address: '10.9.0.1',
    groups: ['DB', 'web'],
    labels: ['env=Prod'],
  }),
  host('old.example', { state: 'left', identity: 'left' }),
];
const names = (search: string) => searchHosts(FLEET, search).hosts.map(({ fqdn }) => fqdn);

describe('A search of hosts', () => {
  it.each([
    ['', ['web1.example', 'web2.example', 'db1.example', 'old.example']],
    ['WEB', ['web1.example', 'web2.example']],
    ['web state:behind', ['web1.example']],
    ['os:ubuntu24', ['db1.example']],
    ['address:10.9', ['db1.example']],
    ['security:yes', ['web1.example']],
    ['identity:trouble', ['web2.example']],
    ['state:left', ['old.example']],
    ['group:db', ['db1.example']],
    ['group:Web state:current', ['db1.example']],
    ['label:env=prod', ['db1.example']],
    ['group:d', []],
    ['label:env', []],
  ])('for "%s" finds what every word fits', (search, expected) => {
    expect(names(search)).toEqual(expected);
  });

  it('never counts an unknown host among those without security updates', () => {
    expect(names('security:no')).toEqual(['db1.example', 'old.example']);
  });

  it('says which word left nobody', () => {
    expect(searchHosts(FLEET, 'web os:ubuntu').remark).toBe(
      'No host fits "os:ubuntu"; without it some would.',
    );
  });

  it('says what it does not understand in place of finding nothing', () => {
    expect(searchHosts(FLEET, 'tag:web').remark).toMatch(/^"tag:web" is not understood\./);
    expect(searchHosts(FLEET, 'constructor:x').hosts).toEqual([]);
  });
});
