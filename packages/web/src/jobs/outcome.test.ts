import type { FleetJob } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { outcomeOf, resultWords } from './outcome.ts';

const result = (rest: Partial<NonNullable<FleetJob['result']>>): FleetJob['result'] => ({
  status: null,
  message: '',
  error_code: null,
  changed: {},
  reboot: null,
  ...rest,
});

it.each([
  [
    'ended',
    result({ status: 'completed', changed: { upgraded: 2, installed: 1 } }),
    'completed',
    '2 packages upgraded, 1 package installed',
  ],
  ['ended', result({ status: 'completed', message: 'done' }), 'completed', 'nothing changed'],
  [
    'ended',
    result({ status: 'failed', error_code: 'LOCKED', message: 'apt runs' }),
    'failed',
    'LOCKED: apt runs',
  ],
  ['ended', result({ message: 'not to be read' }), '? ended, nobody can say how', 'not to be read'],
  ['ended', null, '? ended, nobody can say how', ''],
  ['waiting', null, '· waits for its turn', ''],
  ['asked', null, '… asked, no answer yet', ''],
  ['accepted', null, '▶ on the host', ''],
  ['not_begun', result({ error_code: 'POLICY_DENIED', message: 'no' }), '✖ not begun', 'POLICY_DENIED: no'],
  ['unknown', result({ message: 'it left' }), '? unknown', 'it left'],
] as const)('a job that is %s with %j is shown as %s: %s', (state, given, shown, words) => {
  const { status, sign, word } = outcomeOf({ state, result: given });
  expect([status ?? `${sign} ${word}`, resultWords({ state, result: given })]).toEqual([shown, words]);
});
