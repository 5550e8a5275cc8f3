import { describe, expect, it } from 'vitest';
import { createNameRules, isLocalHostEntry } from './name-rules.ts';

const OWN = {
  dnsNames: ['Patch.example.org', 'localhost', '*.mgmt.example.org'],
  ipAddresses: ['127.0.0.1', '192.0.2.1', '2001:DB8:0::1'],
};
const rules = createNameRules(OWN, []);

describe('a host is not certified for', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::FFFF:7f00:1', 'loopback'],
    ['::127.0.0.1', 'loopback'],
    ['64:ff9b::127.0.0.1', 'loopback'],
    ['2002:7f00:1::', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['::', 'unspecified'],
    ['::ffff:0.0.0.0', 'unspecified'],
    ['255.255.255.255', 'broadcast'],
    ['240.0.0.1', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['ff02::1', 'multicast'],
    ['::ffff:224.0.0.1', 'multicast'],
    ['169.254.1.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['febf::1', 'link-local'],
    ['192.0.2.1', 'address of this manager'],
    ['::ffff:192.0.2.1', 'address of this manager'],
    ['2001:db8::1', 'address of this manager'],
    ['localhost', 'every machine'],
    ['LOCALHOST', 'every machine'],
    ['db.localhost', 'every machine'],
    ['localhost.localdomain', 'every machine'],
    ['localhost.example.org', 'every machine'],
    ['ip6-localhost', 'every machine'],
    ['127.1', 'number'],
    ['2130706433', 'number'],
    ['0x7f000001', 'number'],
    ['web.0x7f', 'number'],
    ['patch.example.org', 'name of this manager'],
    ['web1.mgmt.example.org', 'wildcard'],
  ])('%s', (name, why) => {
    expect(rules.faultOf(name)).toContain(why);
  });
});

describe('a host is certified for', () => {
  it.each([
    'web1.example.org',
    'patch.example.com',
    'a.b.mgmt.example.org',
    'mgmt.example.org',
    'notlocalhost',
    '4chan',
    'web-1.x0',
    '192.0.2.2',
    '10.0.0.1',
    '2001:db8::2',
    'fec0::1',
    '::ffff:192.0.2.2',
  ])('%s', (name) => {
    expect(rules.faultOf(name)).toBeUndefined();
  });
});

describe('what the administrator lets hosts have although it is local', () => {
  const local = createNameRules(OWN, ['127.0.0.11', '127.0.3.0/24', 'PATCH.example.org', '192.0.2.1']);

  it.each(['127.0.0.11', '127.0.3.200', 'patch.example.org', '192.0.2.1'])('is certified: %s', (name) => {
    expect(local.faultOf(name)).toBeUndefined();
  });

  it.each([
    '127.0.0.1',
    '127.0.0.12',
    '127.0.4.1',
    '::ffff:127.0.0.11',
    '::ffff:127.0.3.1',
    'localhost',
    '2001:db8::1',
    '0.0.0.0',
  ])('is nothing more than that: %s', (name) => {
    expect(local.faultOf(name)).toBeDefined();
  });

  it.each([
    ['127.0.0.0/8', true],
    ['127.0.0.1', true],
    ['::1', true],
    ['patch.example.org', true],
    ['10.0.0.0/8', false],
    ['127.0.0.0/7', false],
    ['0.0.0.0', false],
    ['169.254.0.1', false],
    ['*.example.org', false],
    ['127.0.0.1/', false],
  ])('is checked when it is read: %s', (entry, fits) => {
    expect(isLocalHostEntry(entry)).toBe(fits);
  });
});
