import { expect, it } from 'vitest';
import { identityOf, needsLook } from './known-identity.ts';

it.each([
  ['unreached', null, 'new', false],
  ['unreached', 'nothing listens there', 'unreached', true],
  ['ok', null, 'ok', false],
  ['ok', 'it did not answer', 'ok', false],
  ['left', null, 'left', false],
  ['expired', null, 'expired', true],
] as const)('takes %s with the error %j for %s; somebody has to look: %s', (state, error, known, look) => {
  const identity = identityOf({ identity: { state }, last_error: error });
  expect([identity, needsLook(identity)]).toEqual([known, look]);
});
