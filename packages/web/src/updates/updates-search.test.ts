import { expect, it } from 'vitest';
import { updatesSearch } from './updates-search.ts';

it('an address of the updates says by what, which and from where; anything else is as if it were not there', () => {
  expect(updatesSearch({ by: 'host', security: 'yes', from: '60' })).toEqual({
    by: 'host',
    security: 'yes',
    from: 60,
  });
  expect(updatesSearch({ security: 'no', age: 'month' })).toEqual({ security: 'no', age: 'month' });
  expect(
    updatesSearch({ package: 'openssl', from: '-1', by: 'x', security: '1', age: 'constructor' }),
  ).toEqual({
    package: 'openssl',
  });
});
