import type { Plan, PlanStep } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { describePlan } from './plan.ts';

const step = (name: string, action: PlanStep['action'], security?: boolean | null): PlanStep => ({
  action,
  name,
  architecture: 'amd64',
  from: '2',
  to: '1',
  purge: false,
  asked: true,
  ...(security === undefined ? {} : { security }),
});
const printed = (...steps: PlanStep[]): string => {
  const plan: Plan = {
    plan_hash: 'a'.repeat(64),
    steps,
    new_packages: [],
    removed_packages: [],
    left_out: [],
    download_bytes: 0,
    disk_bytes: 0,
    reboot: 'no',
    busy: null,
    planned_at: '2026-11-28T09:00:00.000Z',
  };
  return describePlan(plan, { nowMs: 0 });
};
/** The words of a row after its versions. */
const rowOf = (text: string, name: string): string =>
  text
    .split('\n')
    .find((line) => line.startsWith(name))
    ?.replace(/^\S+\s+2\s+1\s+/, '')
    .trim() ?? '';

describe('A printed plan', () => {
  it('says of each step what it does about fixes of security faults, and that it is not known where nobody said it', () => {
    const text = printed(
      step('a', 'upgrade', true),
      step('b', 'upgrade', false),
      step('c', 'upgrade', null),
      step('d', 'upgrade'),
      step('e', 'downgrade', true),
      step('f', 'downgrade', false),
      step('g', 'downgrade'),
      step('h', 'install'),
    );
    expect(
      'abcdefgh'.split('').map((name) =>
        rowOf(text, name)
          .split(/\s{2,}/)
          .at(1),
      ),
    ).toEqual(['mends a fault', 'no', 'not known', 'not known', 'TAKES A FIX BACK', 'no', 'not known', '-']);
  });

  it('warns of the fixes that it takes back, and of those of which nobody knows', () => {
    const text = printed(
      step('openssl', 'downgrade', true),
      step('curl', 'downgrade', true),
      step('vim', 'downgrade', false),
      step('bash', 'downgrade', null),
    );
    expect(text).toContain('WARNING: it takes back 2 security fixes: openssl, curl.');
    expect(text).toContain('WARNING: whether it takes back security fixes of bash is not known.');
    expect(printed(step('vim', 'downgrade', false))).not.toContain('WARNING');
    expect(printed(step('openssl', 'downgrade', true))).toContain('1 security fix: openssl.');
  });

  it('counts what mends security faults, and never what is not known as none', () => {
    const mends = step('a', 'upgrade', true);
    expect(printed(mends, step('b', 'upgrade', false))).toContain(
      'Upgrades that mend security faults: 1 of 2.',
    );
    expect(printed(mends, step('b', 'upgrade'))).toContain('1 of 2; of 1 it is not known.');
    expect(printed(step('b', 'upgrade'))).toContain(
      'Whether its upgrades mend security faults is not known.',
    );
    expect(printed(step('c', 'install'))).not.toContain('security');
  });
});
