import { expect, it } from 'vitest';
import { readCbor } from './cbor.ts';

const read = (hex: string) => readCbor(Buffer.from(hex, 'hex'));

/** RFC 8949, appendix A. */
it.each([
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1_000],
  ['1a000f4240', 1_000_000],
  ['20', -1],
  ['3863', -100],
  ['390100', -257],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['4401020304', new Uint8Array([1, 2, 3, 4])],
  ['6449455446', 'IETF'],
  ['62c3bc', 'ü'],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  [
    'a201020304',
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
  [
    'a26161016162820203',
    new Map<string, unknown>([
      ['a', 1],
      ['b', [2, 3]],
    ]),
  ],
])('reads %s as RFC 8949 has it', (hex, value) => {
  const { value: got, end } = read(hex);
  expect(got instanceof Uint8Array ? new Uint8Array(got) : got).toEqual(value);
  expect(end).toBe(hex.length / 2);
});

it.each([
  ['nothing', ''],
  ['a text that ends early', '6449'],
  ['a list that ends early', '8301'],
  ['a list that says that it has four billion items', '9affffffff00'],
  ['bytes that say that they are four billion', '5affffffff00'],
  ['a number of 64 bits', '1b000000e8d4a51000'],
  ['a length that comes later', '5f42010243030405ff'],
  ['a list whose end comes later', '9fff'],
  ['a floating-point number', 'f93c00'],
  ['a tag', 'c074323031332d30332d32315432303a30343a30305a'],
  ['a value that means nothing', 'f7'],
  ['a text that is no UTF-8', '62c328'],
  ['a key that is there twice', 'a201020103'],
  ['a key that is a list', 'a1800a'],
  ['more lists in each other than any authenticator has', '818181818180'],
])('refuses %s', (_what, hex) => {
  expect(() => read(hex)).toThrow(/CBOR|encoded/);
});

it('says where a value ends, for what comes after it', () => {
  expect(readCbor(Buffer.from('ff0102', 'hex'), 1)).toEqual({ value: 1, end: 2 });
});
