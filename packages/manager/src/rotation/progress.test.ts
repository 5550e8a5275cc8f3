import { expect, test } from 'vitest';
import { lagOf, type Need } from './progress.ts';

const NEED: Need = { stage: 'hosts', roots: ['a'], accepts: ['k'], issuer: 'new' };
const STATE = {
  roots: ['a'],
  accepted_issuers: ['k'],
  certificate_serial: '01',
  certificate_issuer: 'old',
  renewing: true,
};

test('a host that cannot get its new certificate is behind with the reason that it gives', () => {
  const lag = (state: object) => lagOf({ stage: 'hosts', state: { ...STATE, ...state }, error: null }, NEED);
  expect(lag({})).toBe('it renews its certificate now');
  expect(lag({ renewal_error: 'the disk is full' })).toMatch(/tries again .* failed: the disk is full$/);
  expect(lag({ certificate_issuer: 'new', renewal_error: 'the disk is full' })).toBeUndefined();
});
