import { expect, it } from 'vitest';
import { CallFailure } from '../api/call-failure.ts';
import { backFrom, inWordsOfThePage, waitedFor, whyNotYet, wishOf } from './standing.ts';

const laggards = [
  { host: 'web1', reason: 'nothing listens there' },
  { host: 'web2', reason: 'it was not asked yet' },
];

it.each([
  ['standby', 'start', undefined],
  ['trust', 'continue', 'rollback'],
  ['manager', 'continue', 'rollback'],
  ['hosts', 'finish', 'rollback'],
  ['rollback', 'finish', undefined],
] as const)('in phase %s the next step is %s, and back leads %s', (phase, next, back) => {
  expect([wishOf({ phase }).step, backFrom({ phase })?.step]).toEqual([next, back]);
});

it('a step waits for every host that was not named, and the first one for none', () => {
  const authority = { phase: 'trust', laggards, hosts: 5 } as const;
  expect(whyNotYet(authority, [])).toBe(
    '2 of 5 hosts have not followed yet. They are told again every minute.',
  );
  expect(whyNotYet(authority, ['web1'])).toContain('1 of 5 hosts has not followed yet.');
  expect(whyNotYet(authority, ['web1', 'web2'])).toBeUndefined();
  expect(whyNotYet({ ...authority, phase: 'standby' }, [])).toBeUndefined();
  expect(waitedFor({ ...authority, phase: 'standby' })).toEqual([]);
});

it('a refusal speaks of this screen and not of a command line', () => {
  const refused = (details: Readonly<Record<string, unknown>>) =>
    inWordsOfThePage(
      new CallFailure({
        code: 'ROTATION_CONFLICT',
        message: 'name each with "--leave-behind HOST"',
        details,
      }),
    );
  expect(refused({ hosts: laggards })).toMatchObject({
    code: 'ROTATION_CONFLICT',
    message: 'Nothing was changed: web1, web2 have not followed. Why stands in the list of this screen.',
  });
  expect(refused({ phase: 'manager' })).toMatchObject({ message: expect.stringContaining('2 of 3') });
  expect(refused({ hosts: 'all' })).toMatchObject({ message: expect.stringContaining('--leave-behind') });
  const other = new CallFailure({ code: 'STEP_UP_REQUIRED', message: 'Is it you?' });
  expect(inWordsOfThePage(other)).toBe(other);
});
