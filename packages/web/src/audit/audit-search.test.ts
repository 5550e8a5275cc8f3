import { expect, it } from 'vitest';
import { auditQueryOf, auditSearchOf } from './audit-search.ts';

it('takes of an address what is a search, and leaves the rest', () => {
  expect(
    auditSearchOf({ actor: 'person:ada', event: 'x y', about: '', day: '2027-3-1', before: '0', q: 'z' }),
  ).toEqual({ actor: 'person:ada' });
  expect(auditSearchOf({ about: 'a'.repeat(129), before: '17', day: '2027-03-01' })).toEqual({
    before: '17',
    day: '2027-03-01',
  });
});

it('asks for records up to the end of a day where the viewer is', () => {
  expect(auditQueryOf({ day: '2027-03-01', before: '17', about: 'web1' })).toEqual({
    about: 'web1',
    before: 17,
    until: new Date(2027, 2, 2).toISOString(),
  });
});
