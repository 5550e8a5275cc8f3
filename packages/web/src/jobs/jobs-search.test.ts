import { expect, it } from 'vitest';
import { jobsSearchOf } from './jobs-search.ts';

it('an address of the jobs says of which host, in which state and from where; anything else is as if it were not there', () => {
  expect(jobsSearchOf({ host: ' web1.example ', state: 'not_begun', from: '60' })).toEqual({
    host: 'web1.example',
    state: 'not_begun',
    from: 60,
  });
  expect(jobsSearchOf({ host: 'a'.repeat(254), state: 'constructor', from: '-1', by: 'x' })).toEqual({});
});
