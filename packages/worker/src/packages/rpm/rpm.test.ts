import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseInstalled } from './installed.ts';
import { dottedName, RPM_RULES, splitName } from './names.ts';
import { parseUnmet } from './unmet.ts';
import { compareRpmVersions } from './versions.ts';

const PAIRS = resolve(import.meta.dirname, '../../../../manager/test/recorded/versions-rpm-4.18.tsv');

const nothingLocked = () => false;
const row = (name: string, version = '1.0', arch = 'noarch') =>
  `${name}\t0\t${version}\t1\t${arch}\t8\t1795813910\t${name}-1.0-1.src.rpm\tToy package ${name}\n`;

describe('what rpm 4.18 prints of what is installed', () => {
  it('has no keys among it, and calls twice what a cut off transaction left twice', () => {
    const key = 'gpg-pubkey\t0\tf61b4525\t6b0af22f\t(none)\t0\t1795879523\t(none)\tRpmLab public key\n';
    const text = [
      key,
      row('toylib', '1.1'),
      row('toylib', '1.0'),
      row('kernel-core', '6.1'),
      row('kernel-core', '6.0'),
    ];
    const found = parseInstalled(text.join(''), nothingLocked);
    expect(found.map((one) => [one.name, one.version, one.broken])).toEqual([
      ['kernel-core', '6.0-1', false],
      ['kernel-core', '6.1-1', false],
      ['toylib', '1.0-1', true],
      ['toylib', '1.1-1', true],
    ]);
    expect(found[3]).toMatchObject({ source: { name: 'toylib', version: '1.0-1' }, sizeBytes: 8 });
  });

  it('is refused as a whole for a line that is not understood', () => {
    for (const line of [
      'Updating Subscription Management repositories.',
      'a\t(none)\t1\t1\tx\t1\t1\ts\td',
      'a\t0\t1',
    ])
      expect(() => parseInstalled(`${row('toylib')}${line}\n`, nothingLocked)).toThrow(/not understood/);
  });

  it('names what is not met', () => {
    const text =
      'Unsatisfied dependencies for toyapp-2.0-1.noarch:\n\ttoylib >= 1.1 is needed by (installed) toyapp-2.0-1.noarch\n';
    expect(parseUnmet(text)).toBe('toyapp-2.0-1.noarch needs toylib >= 1.1');
    expect(parseUnmet('')).toBeUndefined();
  });
});

describe('names and versions of rpm', () => {
  it('puts versions in the order of the pairs that rpm 4.18 was asked', () => {
    const pairs = readFileSync(PAIRS, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const wrong = pairs.filter((line) => {
      const [a = '', b = '', said] = line.split('\t');
      return Math.sign(compareRpmVersions(a, b)) !== Number(said);
    });
    expect([pairs.length > 700, wrong]).toEqual([true, []]);
    expect(compareRpmVersions('1:0.1-1', '9-1')).toBeGreaterThan(0);
    expect(compareRpmVersions('0:1.0-1', '1.0-1')).toBe(0);
  });

  it('knows an architecture from a dot in a name', () => {
    const one = { name: 'python3.11', architecture: 'x86_64' };
    for (const name of ['python3.11', 'python3.11.x86_64', 'python3.11:x86_64'])
      expect([name, RPM_RULES.isNamed(one, name)]).toEqual([name, true]);
    for (const name of ['python3', 'python3.11.i686', 'python3.11.noarch'])
      expect([name, RPM_RULES.isNamed(one, name)]).toEqual([name, false]);
    expect(RPM_RULES.isNamed({ name: 'toy', architecture: 'noarch' }, 'toy.x86_64')).toBe(true);
    expect(splitName('python3.11')).toEqual({ name: 'python3.11', architecture: undefined });
    expect(dottedName('toy:i686')).toBe('toy.i686');
  });
});
