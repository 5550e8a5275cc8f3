import { expect, it } from 'vitest';
import { who } from './who.ts';

it('names people and programs as they are called, and whom nobody knows as the records do', () => {
  expect(
    ['person:ada', 'api-token:ci', 'admin', 'local', 'local (says: bob)', 'locality', 'manager'].map(who),
  ).toEqual([
    'ada',
    'API token ci',
    'the admin token',
    'root on the manager',
    'root on the manager (says: bob)',
    'locality',
    'manager',
  ]);
});
