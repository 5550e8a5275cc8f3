import fc from 'fast-check';
import { ODD_TEXTS } from './values.ts';

/** Stands in a value for what JSON cannot say, or no value of JavaScript can: it is written as it is here. */
const VERBATIM = ['1e309', '-1e309', '-0', '1E400', '0.1', 'NaN', 'Infinity', '01', '9007199254740993'];
const verbatim = (text: string): string => `\u0001${text}\u0001`;

const ODD_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  'a\u0000',
  '\ud800',
];

/** What is put where something else belongs. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, [], {}, [[]], [null]),
  fc.constantFrom(...VERBATIM.map(verbatim)),
  fc.constantFrom(...ODD_TEXTS),
  fc.constantFrom(...ODD_KEYS.map((key) => Object.fromEntries([[key, { admin: true }]]))),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** One thing that is wrong with a value. */
const fault = fc.record({
  /** Which of its members, however deep; counted around. */
  at: fc.nat({ max: 63 }),
  kind: fc.constantFrom('replace', 'remove', 'add', 'repeat', 'lengthen', 'nest'),
  junk,
  key: fc.oneof(fc.constantFrom(...ODD_KEYS), fc.string({ maxLength: 8 })),
  times: fc.constantFrom<number>(2, 20, 300, 5_000),
});
type Fault = typeof fault extends fc.Arbitrary<infer T> ? T : never;

/** A value with one or several places broken. */
export function broken(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.tuple(values, fc.array(fault, { minLength: 1, maxLength: 3 })).map(breakAll) },
    { weight: 1, arbitrary: junk },
  );
}

/** What is still looked through for places stays small. */
const MOST_BEFORE_THE_LAST = 20;

function breakAll([value, faults]: [unknown, Fault[]]): unknown {
  return faults.reduce((so, one, index) => {
    const isLast = index === faults.length - 1;
    return breakAt(so, isLast ? one : { ...one, times: Math.min(one.times, MOST_BEFORE_THE_LAST) });
  }, value);
}

function breakAt(value: unknown, one: Fault): unknown {
  const places = placesOf(value);
  const place = places[one.at % places.length] ?? [];
  return changed(value, place, one);
}

/** The path of everything in a value, itself first. */
function placesOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, one]) => placesOf(one).map((path) => [key, ...path]))];
}

function changed(value: unknown, [key, ...rest]: readonly string[], one: Fault): unknown {
  if (key === undefined) return brokenItself(value, one);
  const isTaken = rest.length === 0 && one.kind === 'remove';
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value];
    const at = Number(key);
    copy.splice(at, 1, ...(isTaken ? [] : [changed(copy[at], rest, one)]));
    return copy;
  }
  const entries = Object.entries(value as object).flatMap(([name, member]): [string, unknown][] => {
    if (name !== key) return [[name, member]];
    return isTaken ? [] : [[name, changed(member, rest, one)]];
  });
  return Object.fromEntries(entries);
}

function brokenItself(value: unknown, { kind, junk: other, key, times }: Fault): unknown {
  if (kind === 'nest') return nested(value, Math.min(times, 300));
  if (typeof value === 'string' && kind === 'lengthen') return value.padEnd(times, 'ä');
  if (typeof value === 'number' && kind === 'lengthen') return -value - 1;
  if (Array.isArray(value) && kind === 'repeat') return Array(times).fill(value[0] ?? other);
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && kind === 'add')
    return Object.fromEntries([...Object.entries(value), [key, other]]);
  return other;
}

function nested(value: unknown, times: number): unknown {
  let outer = value;
  for (let n = 0; n < times; n += 1) outer = [outer];
  return outer;
}

/** The JSON of a value, or what claims to be it. */
export function written(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.replaceAll(/"\\u0001([^"\\]*)\\u0001"/g, '$1');
}

/** Whole bodies that no value stands for. */
export function spoiledText(texts: fc.Arbitrary<string>): fc.Arbitrary<string | Uint8Array> {
  const cut = fc.tuple(texts, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)));
  return fc.oneof(
    cut,
    texts.map((text) => `\ufeff${text}`),
    texts.map((text) => `[${text}]`),
    texts.map((text) => `${text}${text}`),
    texts.map((text) => Uint8Array.from([...Buffer.from(text), 0xff, 0xc0, 0x80])),
    texts.map((text) => Buffer.from(text, 'utf16le')),
    fc.constantFrom('', ' ', '{', 'null', '"', '{"a":1,"a":2}', '[1,]', 'a=b&c=d', '<x/>', '['.repeat(9_000)),
    fc.constantFrom('x'.repeat(20_000), `"${'x'.repeat(70_000)}"`, `[${'0,'.repeat(30_000)}0]`),
    fc.uint8Array({ maxLength: 64 }),
    fc.json(),
  );
}
