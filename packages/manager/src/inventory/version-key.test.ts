import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { dpkgVersionKey } from './version-key.ts';

function keyOf(version: string): Uint8Array {
  const key = dpkgVersionKey(version);
  if (!key) throw new Error(`${version} has no key`);
  return key;
}

const order = (a: string, b: string): number => Math.sign(Buffer.compare(keyOf(a), keyOf(b)));

/** What the real dpkg says of many pairs; undefined for those that it does not take. One shell, a process for each question. */
function askDpkg(pairs: readonly (readonly [string, string])[]): (number | undefined)[] {
  const script =
    'while read -r a && read -r b; do for o in lt eq gt; do if dpkg --compare-versions "$a" "$o" "$b" 2>/dev/null; then echo "$o"; continue 2; fi; done; echo none; done';
  const { stdout, status } = spawnSync('sh', ['-c', script], {
    input: pairs
      .flat()
      .map((one) => `${one}\n`)
      .join(''),
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  const words: Readonly<Record<string, number>> = { lt: -1, eq: 0, gt: 1 };
  return stdout
    .trimEnd()
    .split('\n')
    .map((word) => words[word]);
}

/** The same numbers in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  '0',
  '00',
  '1',
  '9',
  '10',
  '010',
  '99999999999999999999',
  '.',
  '+',
  '~',
  '~~',
  'a',
  'Z',
  'rc',
  'deb12u',
  '-',
];

function randomVersion(draw: (below: number) => number): string {
  const epoch = draw(6) === 0 ? `${draw(3)}:` : '';
  const pieces = Array.from({ length: draw(7) }, () => PIECES[draw(PIECES.length)] ?? '');
  return `${epoch}${draw(10)}${pieces.join('')}`.replace(/-+$/, '');
}

/** A version, and one that differs from it in a place. */
function neighbour(version: string, draw: (below: number) => number): string {
  const at = 1 + draw(version.length);
  return `${version.slice(0, at)}${PIECES[draw(PIECES.length)] ?? ''}${version.slice(at)}`.replace(/-+$/, '');
}

/** Versions of Debian 12 and 13 packages, each older than the next. */
const RISING = [
  ['1.0~~', '1.0~rc1-1', '1.0~rc1-1+b1', '1.0', '1.0+dfsg', '1.0.1'],
  ['2.36-9+deb12u4', '2.36-9+deb12u7', '2.36-9+deb12u10', '2.37-1'],
  ['1:1.2.13.dfsg-1', '1:1.2.13.dfsg-1+b1', '2:0.1'],
  ['3.0.11-1~deb12u2', '3.0.15-1~deb12u1', '3.0.15-1'],
  ['9.2p1', '9.2p1-2', '9.2p1-2+deb12u3', '9.10p1-1'],
  ['1.0a', '1.0+', '1.0.'],
];

describe('the key of a version', () => {
  it('sorts as dpkg sorts', () => {
    for (const rising of RISING)
      for (const [index, older] of rising.entries())
        for (const newer of rising.slice(index + 1))
          expect([older, newer, order(older, newer)]).toEqual([older, newer, -1]);
  });

  it('is the same where dpkg sees no difference', () => {
    for (const [one, other] of [
      ['1.0', '1.0-0'],
      ['0:1.01-0', '1.1-00'],
      ['1.', '1.0'],
      ['1~', '1~0'],
    ] as const)
      expect([one, other, order(one, other)]).toEqual([one, other, 0]);
  });

  it('sorts any two versions as the real dpkg does', () => {
    const draw = numbers(20_261_128);
    const drawn = Array.from({ length: 400 }, () => {
      const version = randomVersion(draw);
      return [version, draw(2) === 0 ? randomVersion(draw) : neighbour(version, draw)] as const;
    });
    const pairs = [
      ...drawn,
      ...RISING.flatMap((list) => list.slice(1).map((one, index) => [list[index] ?? '', one] as const)),
    ];
    const said = askDpkg(pairs);
    const judged = pairs
      .map(([a, b], index) => ({ a, b, dpkg: said[index] }))
      .filter(({ dpkg }) => dpkg !== undefined);
    // Most of them are versions to dpkg, of each outcome some.
    expect(judged.length).toBeGreaterThan(pairs.length / 2);
    expect(new Set(judged.map(({ dpkg }) => dpkg))).toEqual(new Set([-1, 0, 1]));
    expect(judged.filter(({ a, b, dpkg }) => order(a, b) !== dpkg)).toEqual([]);
  });

  it('is short, and none is made of what is too long or no version', () => {
    expect(keyOf('1:3.0.15-1~deb12u1').length).toBeLessThan(40);
    expect(dpkgVersionKey('9'.repeat(250))).toBeDefined();
    for (const none of ['', '1:', ':1', 'x:1', '1 2', '1.0\n', '1.0é', '9'.repeat(251), '12345678901:1'])
      expect([none, dpkgVersionKey(none)]).toEqual([none, undefined]);
  });
});
