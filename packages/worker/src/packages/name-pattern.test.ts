import { describe, expect, it } from 'vitest';
import { matchesGlob } from './name-pattern.ts';

describe('patterns of names', () => {
  it('match names by pattern, every other character standing for itself', () => {
    expect(matchesGlob('linux-image-*', 'linux-image-6.1.0')).toBe(true);
    expect(matchesGlob('lib?', 'libs')).toBe(true);
    expect(matchesGlob('g++', 'g++')).toBe(true);
    expect(matchesGlob('a.c', 'abc')).toBe(false);
  });
});
