import { expect, it } from 'vitest';
import { jobsSearchOf } from './jobs-search.ts';

const ACT = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';

it('an address of the jobs says of which host and act, in which state and from where; anything else is as if it were not there', () => {
  expect(jobsSearchOf({ host: ' web1.example ', state: 'not_begun', act: ACT, from: '60' })).toEqual({
    host: 'web1.example',
    state: 'not_begun',
    act: ACT,
    from: 60,
  });
  expect(
    jobsSearchOf({ host: 'a'.repeat(254), state: 'constructor', act: 'x', from: '-1', by: 'x' }),
  ).toEqual({});
});
