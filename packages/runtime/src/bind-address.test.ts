import { expect, it } from 'vitest';
import { hasAddress } from './bind-address.ts';

it.each([
  ['192.0.2.7', true],
  ['192.0.2.8', false],
  ['2001:db8:0:0::7', true],
  ['2001:db8::8', false],
  ['0.0.0.0', true],
  ['::', true],
  ['127.0.0.9', true],
  ['::1', true],
  // A name says nothing of addresses before it is looked up.
  ['manager.example.test', true],
])('says whether %s can be listened at', (bind, expected) => {
  expect(hasAddress(['192.0.2.7', '2001:db8::7', 'fe80::1%eth0'], bind)).toBe(expected);
});
