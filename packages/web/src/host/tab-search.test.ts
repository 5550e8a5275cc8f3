import { describe, expect, it } from 'vitest';
import { tabSearchOf, wantedOf } from './tab-search.ts';

it.each([
  [{ security: 'yes' }, { security: 'yes' }],
  [{ security: 'no' }, {}],
  [{ q: 'openssl' }, {}],
])('reads %j of an address as %j', (said, search) => {
  expect(tabSearchOf(said)).toEqual(search);
});

describe('Of the updates of a host', () => {
  const updates = [true, false, null, true, null];
  const wanted = (search: { security?: 'yes' }) => wantedOf(updates, (one) => one, search);

  it('shows all when nobody asks for less', () => {
    expect(wanted({})).toEqual({ shown: updates, remark: undefined });
  });

  it('shows those for security, and never passes in silence over one of which nobody can tell', () => {
    expect(wanted({ security: 'yes' })).toEqual({
      shown: [true, true],
      remark: 'Of 2 more it is not known whether they mend a security fault.',
    });
  });
});
