import { expect, it } from 'vitest';
import { who } from './who.ts';

it('names people and programs as they are called, the manager and strangers for what they are, and whom nobody knows as the records do', () => {
  expect(
    [
      'person:ada',
      'api-token:ci',
      'admin',
      'local',
      'local (says: bob)',
      'locality',
      'constructor',
      'manager',
      'unknown',
      'first-link',
      'identity-provider',
      '11KY-J6HS-WXEA-T8MD',
    ].map(who),
  ).toEqual([
    'ada',
    'API token ci',
    'the admin token',
    'root on the manager',
    'root on the manager (says: bob)',
    'locality',
    'constructor',
    'the manager itself',
    'a stranger',
    'whoever had the first link',
    'a group of the identity provider',
    'agent 11KY-J6HS-WXEA-T8MD',
  ]);
});
