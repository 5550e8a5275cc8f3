import { describe, expect, it } from 'vitest';
import { inCalls, isSeveral } from './choose-hosts.ts';

describe('a reference to hosts', () => {
  it('that is one plain name is looked up by the manager', () => {
    expect(['web1', 'web1.example.test', '10.0.0.1', 'fd00::1'].map(isSeveral)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    const several = ['a,b', 'web*', 'web?', '@all', '@env=prod', 'web1+@behind'];
    expect(several.map(isSeveral)).toEqual(several.map(() => true));
  });

  it('that is longer than the manager reads at once is asked for in parts, none of them lost', () => {
    expect(inCalls('a,bb,c,dddddd,,e', 4)).toEqual(['a,bb', 'c', 'dddddd', ',e']);
    expect(inCalls('', 4)).toEqual(['']);
    expect(inCalls('web1', 4_000)).toEqual(['web1']);
  });
});
