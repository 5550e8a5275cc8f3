import { spawnSync } from 'node:child_process';
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rpmVersionKey } from './rpm-version-key.ts';

function keyOf(version: string): Uint8Array {
  const key = rpmVersionKey(version);
  if (!key) throw new Error(`${version} has no key`);
  return key;
}

const order = (a: string, b: string): number => Math.sign(Buffer.compare(keyOf(a), keyOf(b)));

/** What the real rpm says of pairs, in one process. */
function askRpm(pairs: readonly (readonly [string, string])[]): number[] {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'rpm-pairs-'));
  const path = join(folder.path, 'pairs');
  writeFileSync(path, pairs.map((pair) => `${pair.join('\n')}\n`).join(''));
  const script = `%{lua: local f = io.open("${path}") while true do local a = f:read() local b = f:read() if not b then break end print(rpm.vercmp(a, b) .. "\\n") end}`;
  const { stdout, status } = spawnSync('rpm', ['--eval', script], { encoding: 'utf8' });
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

const PIECES = '0 00 1 9 10 010 99999999999999999999 . _ + ~ ~~ ^ ^^ a Z rc el9 fc41 -'.split(' ');

function randomVersion(draw: (below: number) => number): string {
  const epoch = draw(6) === 0 ? `${draw(3)}:` : '';
  const pieces = Array.from({ length: draw(7) }, () => PIECES[draw(PIECES.length)] ?? '');
  return `${epoch}${draw(10)}${pieces.join('')}-${draw(3)}${PIECES[draw(PIECES.length - 1)] ?? ''}`;
}

/** A version, and one that differs from it in a place. */
function neighbour(version: string, draw: (below: number) => number): string {
  const at = version.indexOf(':') + 2 + draw(Math.max(1, version.length - 3));
  return `${version.slice(0, at)}${PIECES[draw(PIECES.length)] ?? ''}${version.slice(at)}`;
}

describe('the key of an rpm version', () => {
  it.each(['4.18', '6.1'])('sorts the recorded pairs as rpm %s did', (made) => {
    const path = resolve(import.meta.dirname, `../../test/recorded/versions-rpm-${made}.tsv`);
    const pairs = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split('\t'));
    expect(pairs.length).toBeGreaterThan(700);
    const wrong = pairs.filter(([a = '', b = '', said]) => order(a, b) !== Number(said));
    expect(wrong).toEqual([]);
  });

  it('sorts any two versions as the real rpm does', () => {
    const draw = numbers(20_261_128);
    const pairs = Array.from({ length: 4_000 }, () => {
      const version = randomVersion(draw);
      return [version, draw(2) === 0 ? randomVersion(draw) : neighbour(version, draw)] as const;
    });
    const said = askRpm(pairs);
    expect(said.length).toBe(pairs.length);
    expect(new Set(said)).toEqual(new Set([-1, 0, 1]));
    const judged = pairs.map(([a, b], index) => ({ a, b, rpm: said[index] }));
    expect(judged.filter(({ a, b, rpm }) => order(a, b) !== rpm)).toEqual([]);
  });

  it('takes a missing epoch for 0, and sees no difference where only what parts the segments differs', () => {
    for (const [one, other] of [
      ['0:1.0-1', '1.0-1'],
      ['1.0-1', '1_0-01'],
      ['1.0.-1', '1.0-1'],
    ] as const)
      expect([one, other, order(one, other)]).toEqual([one, other, 0]);
    expect(order('1:0.1-1', '9.9-9')).toBe(1);
  });

  it('is short, and none is made of what is too long or no version', () => {
    expect(keyOf('32:9.16.23-24.el9_5.3').length).toBeLessThan(50);
    expect(rpmVersionKey('9'.repeat(250))).toBeDefined();
    for (const none of ['', '1:', ':1', 'x:1', '1 2', '1.0\n', '1.0é', '9'.repeat(251), '12345678901:1'])
      expect([none, rpmVersionKey(none)]).toEqual([none, undefined]);
  });
});
