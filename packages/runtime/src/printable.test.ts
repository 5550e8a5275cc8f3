import { describe, expect, it } from 'vitest';
import { printable, printableLine } from './printable.ts';

/** One of each kind: C0, DEL, C1, bidirectional, zero width, separators, tag, variation selector, filler, lone surrogate. */
const HOSTILE = [
  0x00, 0x07, 0x1b, 0x0d, 0x09, 0x7f, 0x85, 0x9b, 0xad, 0x61c, 0x200b, 0x200d, 0x200e, 0x2028, 0x2029, 0x202e,
  0x2066, 0x2069, 0xfeff, 0xfe0f, 0x3164, 0x115f, 0x180e, 0xe0041, 0xe0100, 0x1d173, 0xd800,
].map((number) => String.fromCodePoint(number));

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
