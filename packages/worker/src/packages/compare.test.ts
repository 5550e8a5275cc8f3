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
      compareInstalled(before, after, { asked: ['c:amd64'], rules: DEBIAN_RULES }).map((each) => [
        each.name,
        each.action,
      ]),
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
        asked: [],
        rules: DEBIAN_RULES,
      }),
    ).toEqual([{ name: 'libc6:amd64', action: 'upgraded', version_before: '1', version_after: '2' }]);
  });
});
