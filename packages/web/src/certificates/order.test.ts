import type { Certificate } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { orderCertificates } from './order.ts';

const certificate = (serial: string, host: string | null, not_after: string) =>
  ({ serial, host, not_after, subject: `CN=${host ?? 'gone'}` }) as Certificate;

const ALL = [
  certificate('0a1b', 'web1.example', '2027-03-01T00:00:00.000Z'),
  certificate('ff00', null, '2027-01-01T00:00:00.000Z'),
  certificate('0c0d', 'db1.example', '2027-02-01T00:00:00.000Z'),
];

it.each([
  ['', ['ff00', '0c0d', '0a1b']],
  ['WEB', ['0a1b']],
  ['0A:1B', ['0a1b']],
  ['cn=gone', ['ff00']],
  [':', []],
  ['nobody', []],
])('shows for %j the certificates %j, the one that ends first at the top', (text, serials) => {
  expect(orderCertificates(ALL, text).map(({ serial }) => serial)).toEqual(serials);
});
