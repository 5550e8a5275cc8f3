import type { Host } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { joinLists } from './known-host.ts';
import { searchHosts } from './search.ts';

const host = (fqdn: string, os_details: object) =>
  ({
    id: fqdn,
    fqdn,
    ip_address: '10.0.0.1',
    identity: {},
    reboot: { needed: null, reasons: [] },
    os_details,
    groups: [],
    labels: {},
    left_at: null,
  }) as unknown as Host;

it('a system is called as people call it, and is found so', () => {
  const hosts = joinLists(
    [
      host('a', { distro: 'Debian GNU/Linux', version_id: '12' }),
      host('b', { name: 'Rocky Linux', version: '9.5' }),
      host('c', {}),
    ],
    [],
  );
  expect(hosts.map(({ os }) => os)).toEqual(['Debian 12', 'Rocky Linux 9.5', 'not said']);
  const found = searchHosts(hosts, 'os:debian12', { nowMs: 0, asked: new Map() }).hosts;
  expect(found.map(({ fqdn }) => fqdn)).toEqual(['a']);
});
