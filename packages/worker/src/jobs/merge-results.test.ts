import type { JobResult } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import { mergeResults } from './merge-results.ts';

type Action = JobResult['action'];
const result = (action: Action, before: string | null, after: string | null): JobResult => ({
  name: 'toy',
  action,
  version_before: before,
  version_after: after,
});

it.each<[string, JobResult, JobResult, Partial<JobResult>]>([
  [
    'two upgrades are one',
    result('upgraded', '1', '2'),
    result('upgraded', '2', '3'),
    { action: 'upgraded', version_before: '1', version_after: '3' },
  ],
  [
    'what came and was upgraded came',
    result('installed', null, '1'),
    result('upgraded', '1', '2'),
    { action: 'installed', version_before: null, version_after: '2' },
  ],
  [
    'what was upgraded and then stayed was upgraded',
    result('upgraded', '1', '2'),
    result('unchanged', '2', '2'),
    { action: 'upgraded', version_before: '1', version_after: '2' },
  ],
  [
    'what was upgraded and then removed is gone',
    result('upgraded', '1', '2'),
    result('removed', '2', null),
    { action: 'removed', version_before: '1', version_after: null },
  ],
  [
    'what failed in the end failed',
    result('upgraded', '1', '2'),
    result('failed', '2', '2'),
    { action: 'failed', version_before: '1', version_after: '2' },
  ],
  [
    'what was tried without success and then came in came in',
    result('failed', '1', '1'),
    result('upgraded', '1', '2'),
    { action: 'upgraded', version_before: '1' },
  ],
  [
    'what came anew in the same version did so',
    result('reinstalled', '1', '1'),
    result('unchanged', '1', '1'),
    { action: 'reinstalled' },
  ],
  [
    'the same told twice is told once',
    result('upgraded', '1', '2'),
    result('upgraded', '1', '2'),
    { action: 'upgraded', version_before: '1', version_after: '2' },
  ],
])('of two steps of a job, %s', (_what, first, second, merged) => {
  expect(mergeResults([first], [second])).toEqual([expect.objectContaining({ name: 'toy', ...merged })]);
});

it('what an earlier step changed stays on record, what it left does not', () => {
  const other = { ...result('upgraded', '1', '2'), name: 'other' };
  const left = { ...result('unchanged', '1', '1'), name: 'left', reason: 'update 2 left out: held' };
  expect(mergeResults([other, left], [result('installed', null, '1')]).map((one) => one.name)).toEqual([
    'other',
    'toy',
  ]);
});
