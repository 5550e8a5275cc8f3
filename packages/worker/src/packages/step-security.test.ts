import type { PlanStep } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import type { RollbackTarget } from '../package-interface/recorded-changes.ts';
import { DEBIAN_RULES as rules } from './apt/names.ts';
import type { Update } from './package-facts.ts';
import { withSecurity } from './step-security.ts';

const step = (action: PlanStep['action'], from: string | null, to: string | null): PlanStep => ({
  action,
  name: 'toya',
  architecture: 'amd64',
  from,
  to,
  purge: false,
  asked: true,
});
const update = (more: Partial<Update>): Update => ({
  name: 'toya',
  id: 'toya',
  architecture: 'amd64',
  currentVersion: '1',
  newVersion: '3',
  source: null,
  origins: [],
  held: false,
  phasedPercent: undefined,
  phased: false,
  offered: undefined,
  security: false,
  securityVersion: undefined,
  securityKnown: true,
  description: '',
  ...more,
});
const FIX = { security: true, securityVersion: '2' };
const upgrade = (to: string, ...updates: Update[]) =>
  withSecurity([step('upgrade', '1', to)], { rules, updates, targets: [] })[0]?.security;
const back = (from: string, mended?: RollbackTarget['mended'], to = '1') =>
  withSecurity([step('downgrade', from, to)], {
    rules,
    updates: [],
    targets: [{ name: 'toya', version: '1', move: 'downgrade', ...(mended ? { mended } : {}) }],
  })[0]?.security;

describe('a step', () => {
  it('mends a security fault from the version on that does', () => {
    expect(upgrade('3', update(FIX))).toBe(true);
    expect(upgrade('2', update(FIX))).toBe(true);
    expect(upgrade('1.5', update(FIX))).toBeNull();
    expect(upgrade('3', update({ security: true }))).toBe(true);
  });

  it('mends none only where that is known, of a version that is spoken of', () => {
    expect(upgrade('3', update({}))).toBe(false);
    expect(upgrade('2', update({}))).toBe(false);
    expect(upgrade('4', update({}))).toBeNull();
    expect(upgrade('3', update({ securityKnown: false }))).toBeNull();
    expect(upgrade('3')).toBeNull();
    expect(upgrade('3', update({ currentVersion: '0' }))).toBeNull();
    const other = update({ architecture: 'i386', ...FIX });
    expect(upgrade('3', other, update({}))).toBe(false);
  });

  it('takes a fix back that the job brought in, also where more came in since', () => {
    expect(back('2', { by: '2', security: true })).toBe(true);
    expect(back('3', { by: '2', security: true })).toBe(true);
    // Somebody went back by half since; what is between nobody knows.
    expect(back('1.5', { by: '2', security: true })).toBeNull();
  });

  it('takes none back only where all that it undoes is known to mend none', () => {
    expect(back('2', { by: '2', security: false })).toBe(false);
    expect(back('3', { by: '2', security: false })).toBeNull();
    expect(back('2')).toBeNull();
    expect(back('2', { by: '2', security: false }, '0')).toBeNull();
  });

  it('of another kind has no word about it', () => {
    for (const other of [step('install', null, '1'), step('remove', '1', null), step('reinstall', '1', '1')])
      expect(withSecurity([other], { rules, updates: [update(FIX)], targets: [] })).toEqual([other]);
  });
});
