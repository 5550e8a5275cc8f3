import { describe, expect, it } from 'vitest';
import { DEBIAN_RULES } from './apt/names.ts';
import { differenceOf } from './plan-difference.ts';
import { hashOfSteps, stepsOf, unnamedRemovals } from './steps.ts';

const installed = (name: string, version: string, architecture = 'amd64') => ({
  name,
  version,
  architecture,
  description: '',
  sizeBytes: null,
  source: null,
  held: false,
  broken: false,
});
const simulated = (name: string, version: string | null, architecture = 'amd64') => ({
  name,
  version,
  architecture,
  purge: false,
});
const facts = (...there: ReturnType<typeof installed>[]) => ({
  rules: DEBIAN_RULES,
  installed: there,
  asked: ['toya'],
});
const steps = (count: number, version: string) =>
  stepsOf(
    Array.from({ length: count }, (_, index) => simulated(`toy${index}`, version)),
    facts(),
  );

describe('the steps of a simulation', () => {
  it('know the installed version of the same architecture, and a package that changes its architecture', () => {
    const there = [installed('libc6', '1', 'i386'), installed('libc6', '2'), installed('toya', '1', 'all')];
    const list = [simulated('libc6', null), simulated('libc6', '3', 'i386'), simulated('toya', '2')];
    expect(
      stepsOf(list, facts(...there)).map(({ action, name, architecture, from, to, asked }) => [
        action,
        name,
        architecture,
        from,
        to,
        asked,
      ]),
    ).toEqual([
      ['remove', 'libc6', 'amd64', '2', null, false],
      ['upgrade', 'libc6', 'i386', '1', '3', false],
      ['upgrade', 'toya', 'amd64', '1', '2', true],
    ]);
  });

  it('take what goes for a moment and comes back in another version for an upgrade', () => {
    const there = facts(installed('toya', '1'), installed('toyb', '1'));
    const moving = [simulated('toya', null), simulated('toyb', null), simulated('toya', '2', 'all')];
    const found = stepsOf(moving, there);
    expect(found.map((one) => [one.action, one.name])).toEqual([
      ['upgrade', 'toya'],
      ['remove', 'toyb'],
    ]);
    expect(unnamedRemovals(found).map((one) => one.name)).toEqual(['toyb']);
  });

  it('have one name in whatever order they come, and another when anything is different', () => {
    const two = [simulated('toya', '2'), simulated('toyb', '2')];
    const hash = hashOfSteps(stepsOf(two, facts()));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOfSteps(stepsOf(two.toReversed(), { ...facts(), asked: [] }))).toBe(hash);
    for (const other of [
      [simulated('toya', '2')],
      [simulated('toya', '2'), simulated('toyb', '2', 'i386')],
      [simulated('toya', '2'), simulated('toyb', '3')],
      [simulated('toya', '2'), { ...simulated('toyb', null), purge: true }],
    ])
      expect(hashOfSteps(stepsOf(other, facts()))).not.toBe(hash);
  });
});

describe('the difference of two plans', () => {
  it('names a bounded number of steps and counts the rest', () => {
    const difference = differenceOf(steps(150, '1'), steps(150, '2'));
    expect([difference.changed.length, difference.added.length, difference.more]).toEqual([100, 0, 50]);
    expect(differenceOf(undefined, steps(101, '1'))).toMatchObject({ known: false, removed: [], more: 1 });
  });
});
