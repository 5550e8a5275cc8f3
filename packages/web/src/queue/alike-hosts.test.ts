import type { Host } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { alikeHosts } from './alike-hosts.ts';

const host = (fqdn: string, ip_address: string, machine_id: string, left_at: string | null = null) =>
  ({ fqdn, ip_address, machine_id, left_at }) as Host;

it('finds hosts with the name, address or machine-id of a request, the one with its name first, and none that left', () => {
  const request = { fqdn: 'web1.example', ip_address: '10.0.0.1', machine_id: 'aa' };
  const hosts = [
    host('db1.example', '10.0.0.9', 'aa'),
    host('db2.example', '10.0.0.1', 'bb'),
    host('db3.example', '10.0.0.3', 'cc'),
    host('web1.example', '10.0.0.4', 'dd'),
    host('old.example', '10.0.0.1', 'aa', '2027-01-01T00:00:00Z'),
  ];
  expect(alikeHosts(request, hosts).map(({ fqdn }) => fqdn)).toEqual([
    'web1.example',
    'db1.example',
    'db2.example',
  ]);
});
