import { describe, expect, it } from 'vitest';
import { completionsOf, knownTerms } from './completions.ts';
import type { KnownHost } from './known-host.ts';

const FLEET = [
  { os: 'debian 12', groups: ['web'], labels: ['env=prod'] },
  { os: 'debian 12', groups: ['db', 'web'], labels: [] },
] as unknown as KnownHost[];
const terms = knownTerms(FLEET, ['old ones', 'canaries']);

describe('What can be typed next', () => {
  it('is another end of the last word, of what this fleet has', () => {
    expect(completionsOf('web1 gr', terms)).toEqual(['web1 group:db', 'web1 group:web']);
    expect(completionsOf('os:', terms)).toEqual(['os:debian12']);
    expect(completionsOf('LABEL:env', terms)).toEqual(['label:env=prod']);
  });

  it('comes after a minus, too, where one may stand', () => {
    expect(completionsOf('web1 -gr', terms)).toEqual(['web1 -group:db', 'web1 -group:web']);
    expect(completionsOf('-saved:', terms)).toEqual([]);
    expect(completionsOf('-', terms)[0]).toBe('-state:current');
  });

  it('is never what is there already, nor what would be two words', () => {
    expect(completionsOf('group:web', terms)).toEqual([]);
    expect(completionsOf('saved:', terms)).toEqual(['saved:canaries']);
  });

  it('begins with the words that every fleet has', () => {
    expect(completionsOf('web ', terms)[0]).toBe('web state:current');
  });
});
