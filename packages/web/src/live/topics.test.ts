import { expect, it } from 'vitest';
import { isAbout, isHinted } from './topics.ts';

it('takes a hint for the questions that it is about, and no other', () => {
  expect(isAbout(['listTokens', {}], ['audit', 'join-tokens'])).toBe(true);
  expect(isAbout(['listTokens', {}], ['audit'])).toBe(false);
  expect(isAbout(['fleet'], ['packages'])).toBe(true);
  expect(isAbout(['listTokens', {}], [])).toBe(false);
});

it('asks no host again and takes no key for a topic, also when everything may have changed', () => {
  for (const key of [['hostPatches', {}], ['job', 'web1', '7'], ['session'], ['toString'], []])
    expect([key, isHinted(key), isAbout(key, ['all'])]).toEqual([key, false, false]);
  expect(isAbout(['listAudit', {}], ['all'])).toBe(true);
});
