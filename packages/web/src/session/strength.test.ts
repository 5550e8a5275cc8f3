import { expect, it } from 'vitest';
import { strengthOf } from './strength.ts';

it.each([
  ['', false, /At least 12/],
  ['elevenchars', false, /Too short: 1 more/],
  ['ada@example.org', false, /must not be the name/],
  ['ADA@example.org', false, /must not be the name/],
  ['aaaaaaaaaaaaaaaaaaaaaaaa', true, /Weak/],
  ['abcabcabcabcabcabcabcabc', true, /Weak/],
  ['password123456', true, /Weak/],
  ['ada@example.org2026', true, /Weak/],
  ['vg7!kd0qPw2z', true, /Enough/],
  ['correct horse bat', true, /Good/],
  ['correct horse battery', true, /Strong/],
])('says of %j whether the manager takes it, and how good it is', (password, isTaken, words) => {
  const strength = strengthOf(password, 'ada@example.org');
  expect([strength.isTaken, words.test(strength.words)]).toEqual([isTaken, true]);
});
