import { describe, expect, it } from 'vitest';
import { parseJson } from './json.ts';

const LIMITS = { depth: 3, values: 10 };
const parse = (text: string) => parseJson(text, LIMITS);

describe('JSON of a peer', () => {
  it.each([
    '{"a":[1,{"b":2}]}',
    '"[[[[[[[[[[,,,,,,,,,,,,,,,,"',
    '["a \\" [[[[[[ , , , , , , , , , , ,"]',
    '["\\\\",[["\\\\\\""]]]',
    '{"[[[[[[[[":"{{{{{{{{{"}',
    'null',
  ])('that is small is what JSON.parse makes of it: %s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ['too deep', '[[[[]]]]'],
    ['too deep behind strings', '["\\\\",[[["\\\\"]]]]'],
    ['too many items', '[1,2,3,4,5,6,7,8,9,10,11]'],
    ['too many lists', '[[],[],[],[],[],[]]'],
    ['too many members', `{${Array.from({ length: 11 }, (_, n) => `"${n}":0`).join()}}`],
  ])('that is %s is refused before it is parsed', (_what, text) => {
    expect(() => parse(text)).toThrow(RangeError);
  });

  it.each(['', '{', '["a', '["a\\"', '[1,]', ']]]]'])('that is none stays none: %j', (text) => {
    expect(() => parse(text)).toThrow(SyntaxError);
  });

  it('is refused without being read to its end', () => {
    const endless = '['.repeat(50_000_000);
    expect(() => parse(endless)).toThrow(/nested more than 3/);
  });

  it('with a backslash before every quote is looked through once', () => {
    const long = `["${'\\\\\\"'.repeat(2_000_000)}"]`;
    expect(parse(long)).toEqual(JSON.parse(long));
  });
});
