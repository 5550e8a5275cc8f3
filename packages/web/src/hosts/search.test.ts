import { describe, expect, it } from 'vitest';
import { askedTerms } from './asked-terms.ts';
import type { KnownHost } from './known-host.ts';
import { type Asked, searchHosts } from './search.ts';

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
  reboot: 'no',
  rebootReasons: [],
  groups: [],
  labels: [],
  ...rest,
});
const NOW_MS = Date.parse('2026-11-30T12:00:00Z');
const FLEET = [
  host('web1.example', { state: 'behind', securityUpdates: 2, updates: 30, reboot: 'needed' }),
  host('web2.example', {
    state: 'unknown',
    updates: null,
    securityUpdates: null,
    identity: 'expired',
    reboot: 'unknown',
  }),
  host('db1.example', {
    os: 'ubuntu 24.04',
    address: '10.9.0.1',
    groups: ['DB', 'web'],
    labels: ['env=Prod'],
    identity: 'new',
    seenAt: '2026-11-30T11:59:00Z',
  }),
  host('old.example', { state: 'left', identity: 'left' }),
];
const look = (search: string, asked: ReadonlyMap<string, Asked> = new Map()) =>
  searchHosts(FLEET, search, { nowMs: NOW_MS, asked });
const names = (search: string) => look(search).hosts.map(({ fqdn }) => fqdn);

describe('A search of hosts', () => {
  it.each([
    ['', ['web1.example', 'web2.example', 'db1.example', 'old.example']],
    ['WEB', ['web1.example', 'web2.example']],
    ['web state:behind', ['web1.example']],
    ['os:ubuntu24', ['db1.example']],
    ['address:10.9', ['db1.example']],
    ['security:yes', ['web1.example']],
    ['security:>1', ['web1.example']],
    ['security:>2', []],
    ['updates:30', ['web1.example']],
    ['updates:<30', ['db1.example', 'old.example']],
    ['reboot:needed', ['web1.example']],
    ['reboot:unknown', ['web2.example']],
    ['seen:<2h', ['db1.example']],
    ['seen:>2h', ['web1.example', 'web2.example', 'old.example']],
    ['seen:>30m state:left', ['old.example']],
    ['seen:never os:debian', ['web1.example', 'web2.example', 'old.example']],
    ['identity:trouble', ['web2.example']],
    ['identity:new', ['db1.example']],
    ['state:left', ['old.example']],
    ['group:db', ['db1.example']],
    ['group:Web state:current', ['db1.example']],
    ['label:env=prod', ['db1.example']],
    ['group:d', []],
    ['-group:web', ['web1.example', 'web2.example', 'old.example']],
    ['web -web2', ['web1.example']],
    ['-state:left -label:env=prod -security:yes', ['web2.example']],
    ['-security:no', ['web1.example', 'web2.example']],
    ['label:env', []],
  ])('for "%s" finds what every word fits', (search, expected) => {
    expect(names(search)).toEqual(expected);
  });

  it('never counts an unknown host among those without security updates', () => {
    expect(names('security:no')).toEqual(['db1.example', 'old.example']);
  });

  it('says which word left nobody', () => {
    expect(look('web os:ubuntu').remark).toBe('No host fits "os:ubuntu"; without it some would.');
  });

  it.each([
    ['tag:web', /^"tag:web" is not understood\. .*state:behind/],
    ['constructor:x', /^"constructor:x" is not understood/],
    ['state:behnd', /It takes current, behind, unknown, left\.$/],
    ['security:many', /It takes yes, no, a number/],
    ['seen:>2', /It takes >2h/],
    ['group:', /It takes the name of a group\.$/],
    ['-state:behnd', /^"-state:behnd" is not understood\. It takes current, behind/],
    ['-pkg:openssl', /not before pkg:, lacks: and saved:\.$/],
    ['pkg:<1', /It takes the name of a package, or NAME<VERSION\.$/],
  ])('says of "%s" what it does not understand in place of finding nothing', (search, words) => {
    expect(look(search)).toEqual({ hosts: [], remark: expect.stringMatching(words) });
  });

  it('takes the word of the manager for packages and saved searches, in the case that was typed', () => {
    const ids = new Set(['web1.example', 'db1.example']);
    const asked = new Map([['pkg:NetworkManager<1:2.0', { ids, remark: '3 hosts are left out.' }]]);
    expect(look('pkg:NetworkManager<1:2.0 os:debian', asked)).toEqual({
      hosts: [FLEET[0]],
      remark: '3 hosts are left out.',
    });
    expect(look('pkg:NetworkManager<1:2.0').hosts).toEqual([]);
  });

  it('asks the manager each word about packages and saved searches once, as far as it is whole', () => {
    expect(
      askedTerms('web pkg:a pkg:a pkg:b<1.0-1~deb lacks:c lacks:d>=2 saved:mine pkg: lacks:>=2').map(
        ({ wanted }) => wanted,
      ),
    ).toEqual([
      { kind: 'has', name: 'a', version: undefined },
      { kind: 'has', name: 'b', version: '1.0-1~deb' },
      { kind: 'lacks', name: 'c', version: undefined },
      { kind: 'lacks', name: 'd', version: '2' },
      { kind: 'saved', name: 'mine' },
    ]);
  });
});
