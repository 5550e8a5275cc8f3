import { expect, it } from 'vitest';
import { type Surroundings, whyNoPasskey } from './passkey-place.ts';

const ORIGIN = 'https://patch.example.org:8443';
const PLACE = { origin: ORIGIN, unusable: null };
const GOOD: Surroundings = { origin: ORIGIN, isSecure: true, hasPasskeys: true, hasJson: true };

it('nothing keeps a browser of today from passkeys at the address of the manager', () => {
  expect(whyNoPasskey(GOOD, PLACE)).toBeUndefined();
});

it.each<[string, Partial<Surroundings>, RegExp]>([
  ['no WebAuthn', { hasPasskeys: false, hasJson: false }, /no passkeys \(WebAuthn\).*another browser/],
  ['no JSON methods', { hasJson: false }, /too old.*Firefox 119/],
  ['no secure context', { isSecure: false, hasPasskeys: false, hasJson: false }, /Open it by https/],
  [
    'an IPv4 address',
    { origin: 'https://192.0.2.1:8443' },
    /IP addresses.*Open it at https:\/\/patch\.example\.org:8443/,
  ],
  ['an IPv6 address', { origin: 'https://[2001:db8::1]:8443' }, /IP addresses.*Open it at https:\/\/patch/],
  ['another name', { origin: 'https://patch:8443' }, /count at https:\/\/patch\.example\.org:8443 alone/],
  [
    'another port',
    { origin: 'https://patch.example.org' },
    /count at https:\/\/patch\.example\.org:8443 alone/,
  ],
])('%s has its sentence, which says what to do', (_what, change, why) => {
  expect(whyNoPasskey({ ...GOOD, ...change }, PLACE)).toMatch(why);
});

it('what the manager says of its own address comes first', () => {
  const place = { origin: 'https://192.0.2.1:8443', unusable: 'No name.' };
  expect(whyNoPasskey({ ...GOOD, isSecure: false }, place)).toBe('No name.');
});
