import { describe, expect, it } from 'vitest';
import { printable, printableLine } from './printable.ts';

/** One of each kind: C0, DEL, C1, bidirectional, zero width, separators, tag, variation selector, filler, lone surrogate. */
const HOSTILE = [
  ...['\u0000', '\u0007', '\u001b', '\r', '\t', '\u007f', '\u0085', '\u009b'],
  ...['\u00ad', '\u061c', '\u200b', '\u200d', '\u200e', '\u2028', '\u2029', '\u202e', '\u2066', '\u2069'],
  ...['\ufeff', '\ufe0f', '\u3164', '\u115f', '\u180e', '\u{e0041}', '\u{e0100}', '\u{1d173}', '\ud800'],
];

describe('text that is shown', () => {
  it.each(HOSTILE.map((character) => [character.codePointAt(0)?.toString(16), character]))(
    'has U+%s by its number only',
    (_number, character) => {
      expect(printable(`a${character}b`)).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
      expect(printableLine(`a${character}b`)).toBe(printable(`a${character}b`));
    },
  );

  it('keeps what people write, and what is escaped already', () => {
    const text = 'Zürich 東京 … “ok” – 100 % 🙂 e\u0301 \\u001b';
    expect(printable(text)).toBe(text);
  });

  it('keeps its lines, unless it is one', () => {
    expect(printable('a\nb')).toBe('a\nb');
    expect(printableLine('a\nb')).toBe('a\\u000ab');
  });

  it('stays JSON of the same value', () => {
    const value = { ['\u202ekey']: [HOSTILE.join('x'), 'Zürich'] };
    const text = printable(JSON.stringify(value, null, 2));
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toMatch(/^[\n -~ü]*$/);
  });
});
