import { describe, expect, it } from 'vitest';
import { DEBIAN_RULES } from './apt/names.ts';
import { compareInstalled } from './compare.ts';
import type { Installed } from './package-facts.ts';

describe('results of a job', () => {
  const one = (name: string, version: string, architecture = 'all'): Installed => ({
    name,
    version,
    architecture,
    description: '',
    sizeBytes: null,
    source: null,
    held: false,
    broken: false,
  });

  it('are what changed in the database, and what was asked for even where nothing did', () => {
    const before = [one('a', '1'), one('b', '1'), one('c', '1'), one('d', '2')];
    const after = [one('a', '2'), one('c', '1'), one('d', '1'), one('e', '1')];
    expect(
      compareInstalled(before, after, {
        wishes: [{ name: 'c:amd64', want: 'installed' }],
        rules: DEBIAN_RULES,
      }).map((each) => [each.name, each.action]),
    ).toEqual([
      ['a', 'upgraded'],
      ['b', 'removed'],
      ['c', 'unchanged'],
      ['d', 'downgraded'],
      ['e', 'installed'],
    ]);
  });

  it('keep two architectures of one name apart', () => {
    const both = [one('libc6', '1', 'amd64'), one('libc6', '1', 'i386')];
    expect(
      compareInstalled(both, [one('libc6', '2', 'amd64'), one('libc6', '1', 'i386')], {
        wishes: [],
        rules: DEBIAN_RULES,
      }),
    ).toEqual([{ name: 'libc6:amd64', action: 'upgraded', version_before: '1', version_after: '2' }]);
  });

  it('say of an upgrade whether it mends a security fault, where that very version was wished for', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const before = names.map((name) => one(name, '1'));
    const after = names.map((name) => one(name, name === 'e' ? '0' : '2'));
    const wish = (name: string, version: string, security?: boolean) => ({
      name,
      want: { version },
      security,
    });
    const wishes = [wish('a', '2', true), wish('b', '2', false), wish('c', '3', false), wish('d', '2')];
    const results = compareInstalled(before, after, {
      wishes: [...wishes, wish('e', '0', true)],
      rules: DEBIAN_RULES,
    });
    expect(results.map((each) => [each.name, each.security])).toEqual([
      ['a', true],
      ['b', false],
      ['c', undefined],
      ['d', undefined],
      ['e', undefined],
    ]);
  });
});
