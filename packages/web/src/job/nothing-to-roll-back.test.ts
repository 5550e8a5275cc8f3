import type { JobResult, PlanLeftOut } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { isOfRollback, whyNoRollback, whyTakesNothing } from './nothing-to-roll-back.ts';

const result: JobResult = { name: 'a', action: 'upgraded', version_before: '1', version_after: '2' };
const left = (why: PlanLeftOut['why']): PlanLeftOut => ({
  name: 'a',
  from: '2',
  to: '1',
  security: false,
  asked: true,
  why,
  reason: 'it is so',
  removals: [],
});
const nothing = { steps: [], left_out: [] };

describe('A rollback', () => {
  it('is of jobs that change versions, when they have ended', () => {
    expect(isOfRollback({ status: 'failed', operation: 'patch_apply' })).toBe(true);
    expect(isOfRollback({ status: 'running', operation: 'patch_apply' })).toBe(false);
    expect(isOfRollback({ status: 'completed', operation: 'reboot' })).toBe(false);
  });

  it('says of a job that changed no version that there is nothing to take back', () => {
    expect(whyNoRollback({ results: [result] })).toBeUndefined();
    expect(whyNoRollback({ results: [{ ...result, version_after: '1' }] })).toMatch(/nothing to roll back/);
    expect(whyNoRollback({ results: [] })).toMatch(/nothing to roll back/);
  });

  it('says why a plan takes nothing back', () => {
    expect(whyTakesNothing(nothing, {})).toMatch(/^Every package is as it was/);
    expect(whyTakesNothing(nothing, { rolled_back_by: null })).toMatch(/^Every package is as it was/);
    const by = { rolled_back_by: '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc' };
    expect(whyTakesNothing(nothing, by)).toMatch(/^It was rolled back already/);
    expect(whyTakesNothing({ ...nothing, left_out: [left('unavailable')] }, by)).toMatch(
      /1 version of before cannot be had/,
    );
    expect(whyTakesNothing({ ...nothing, left_out: [left('refused')] }, {})).toMatch(/does not fit together/);
  });
});
