import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pacmanVersionKey } from './pacman-version-key.ts';

function keyOf(version: string): Uint8Array {
  const key = pacmanVersionKey(version);
  if (!key) throw new Error(`${version} has no key`);
  return key;
}

const order = (a: string, b: string): number => Math.sign(Buffer.compare(keyOf(a), keyOf(b)));

/** What the real vercmp says of pairs. */
function askVercmp(pairs: readonly (readonly [string, string])[]): number[] {
  const input = pairs.map((pair) => `${pair.join('\n')}\n`).join('');
  const { stdout, status } = spawnSync('xargs', ['-n', '2', 'vercmp'], { input, encoding: 'utf8' });
  expect(status).toBe(0);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** The same numbers in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = '0 00 1 9 10 010 99999999999999999999 . .. _ + ~ ^ a Z rc git alpha -'.split(' ');

function randomVersion(draw: (below: number) => number): string {
  const epoch = draw(6) === 0 ? `${draw(3)}:` : '';
  const pieces = Array.from({ length: draw(7) }, () => PIECES[draw(PIECES.length)] ?? '');
  return `${epoch}${draw(10)}${pieces.join('')}${draw(2) === 0 ? draw(3) : 'b'}-${draw(3)}${draw(3) === 0 ? '.1' : ''}`;
}

/** A version, and one that differs from it in a place. */
function neighbour(version: string, draw: (below: number) => number): string {
  const at = version.indexOf(':') + 2 + draw(Math.max(1, version.length - 5));
  return `${version.slice(0, at)}${PIECES[draw(PIECES.length)] ?? ''}${version.slice(at)}`;
}

describe('the key of a pacman version', () => {
  it('sorts the recorded pairs as vercmp of pacman 6.0 did', () => {
    const path = resolve(import.meta.dirname, '../../test/recorded/versions-pacman-6.0.tsv');
    const pairs = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split('\t'));
    // What has no release is equal to each with one, which no order of bytes can say.
    const ordered = pairs.filter(
      ([a = '', b = '']) => a.includes('-') === b.includes('-') && pacmanVersionKey(a) && pacmanVersionKey(b),
    );
    expect(ordered.length).toBeGreaterThan(300);
    expect(ordered.filter(([a = '', b = '', said]) => order(a, b) !== Number(said))).toEqual([]);
  });

  it('sorts any two versions as the real vercmp does', () => {
    const draw = numbers(20_261_128);
    const pairs = Array.from({ length: 1_200 }, () => {
      const version = randomVersion(draw);
      return [version, draw(2) === 0 ? randomVersion(draw) : neighbour(version, draw)] as const;
    }).filter((pair) => pair.every((one) => pacmanVersionKey(one)));
    expect(pairs.length).toBeGreaterThan(900);
    const said = askVercmp(pairs);
    expect(said.length).toBe(pairs.length);
    expect(new Set(said)).toEqual(new Set([-1, 0, 1]));
    const judged = pairs.map(([a, b], index) => ({ a, b, vercmp: said[index] }));
    expect(judged.filter(({ a, b, vercmp }) => order(a, b) !== vercmp)).toEqual([]);
  });

  it('takes a missing epoch for 0, and sees no difference in zeros before a number or in which character parts', () => {
    for (const [one, other] of [
      ['0:1.0-1', '1.0-1'],
      ['1.0-1', '1_00-01'],
    ] as const)
      expect([one, other, order(one, other)]).toEqual([one, other, 0]);
    expect(order('1:0.1-1', '9.9-9')).toBe(1);
    expect(order('1.0a-1', '1.0-1')).toBe(-1);
  });

  it('puts what has no release before each release of the same version, and after every older version', () => {
    for (const later of ['2-1', '2-a', '2-0', '2.0-1'])
      expect([later, order('2', later)]).toEqual([later, -1]);
    for (const earlier of ['1.9-1', '2a-1']) expect([earlier, order(earlier, '2')]).toEqual([earlier, -1]);
  });

  it('is short, and none is made of what is too long, is no version, or has no place in an order', () => {
    expect(keyOf('1:2.40+r16+gaa533d58ff-2').length).toBeLessThan(60);
    expect(pacmanVersionKey(`${'9'.repeat(248)}-1`)).toBeDefined();
    const unordered = ['1.-1', '1..-1', '1-1.', '1.'];
    for (const none of [...unordered, '', '1:', ':1-1', 'x:1-1', '1 2-1', '1.0-1\n', '1.0é-1'])
      expect([none, pacmanVersionKey(none)]).toEqual([none, undefined]);
    expect(pacmanVersionKey(`${'9'.repeat(249)}-1`)).toBeUndefined();
  });
});
