import { expect, it } from 'vitest';
import { isOwnUrl } from './own-url.ts';

const own = {
  url: 'https://patch.example.org:8443/fleet',
  names: { dnsNames: ['patch.example.org', '*.lan.example.org'], ipAddresses: ['192.0.2.7', '2001:db8::7'] },
};

it.each([
  ['https://patch.example.org:8443/renew', true],
  ['https://patch.example.org:8443/fleet/renew', true],
  ['https://patch.example.org/renew', true],
  ['https://PATCH.example.org./renew', true],
  ['https://a.lan.example.org/renew', true],
  ['https://192.0.2.7:8443/renew', true],
  ['https://[2001:db8::7]:8443/renew', true],
  ['https://lan.example.org/renew', false],
  ['https://a.b.lan.example.org/renew', false],
  ['https://evil.example/renew', false],
  ['https://patch.example.org.evil.example/renew', false],
  ['https://patch.example.org@evil.example/renew', false],
  ['https://patch.example.org/leave', false],
  ['https://patch.example.org/other/renew', false],
  ['http://patch.example.org/renew', false],
  ['https://[/renew', false],
  ['', false],
])('%s leads to this manager: %s', (url, expected) => {
  expect(isOwnUrl(url, '/renew', own)).toBe(expected);
});
