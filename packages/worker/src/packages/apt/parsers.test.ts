import { describe, expect, it } from 'vitest';
import { parseDepends, parseStanza } from './detail.ts';
import { classify } from './failure.ts';
import { parseInstalled } from './installed.ts';
import { parseStatusLine } from './output.ts';
import { parsePolicy } from './policy.ts';
import { parseSimulation, parseTaken } from './simulate.ts';
import { parseReleaseHead, parseTargets } from './sources.ts';
import { parseSettings } from './state-key.ts';
import { compareDebianVersions } from './versions.ts';

describe('what dpkg-query 1.21.22 prints', () => {
  const line = (status: string, size = '1024') =>
    `toylib\t1.0-1+b2\tall\t${status}\t${size}\ttoy\t1.0-1\ttoy library\twith a tab\n`;

  it('becomes packages with name, version and architecture in their own places', () => {
    expect(parseInstalled(line('ii '))).toEqual([
      {
        name: 'toylib',
        version: '1.0-1+b2',
        architecture: 'all',
        description: 'toy library\twith a tab',
        sizeBytes: 1_048_576,
        source: { name: 'toy', version: '1.0-1' },
        held: false,
        broken: false,
      },
    ]);
  });

  it.each([
    ['hi ', { held: true, broken: false }],
    ['iU ', { held: false, broken: true }],
    ['iF ', { held: false, broken: true }],
    ['iiR', { held: false, broken: true }],
  ])('tells the state of status %j', (status, expected) => {
    expect(parseInstalled(line(status))[0]).toMatchObject(expected);
  });

  it('leaves out what is removed and only has configuration files left', () => {
    expect(parseInstalled(line('rc '))).toEqual([]);
  });

  it('fails on a line it does not understand instead of leaving the package out', () => {
    expect(() => parseInstalled('dpkg-query: warning: odd\n')).toThrow(/not understood/);
  });
});

describe('what apt-get -s upgrade of apt 2.6.1 prints', () => {
  it('becomes the names that would be upgraded; new ones are none', () => {
    const text = [
      'The following packages have been kept back:',
      '   toykept (1.0-1 => 1.1-1)',
      'Inst toylib [1.0-1] (1.0-1+deb12u1 Debian-Security:stable-security [all])',
      'Inst libssl3 [3.0.15-1] (3.0.17-1 Debian-Security:12/oldstable-security, Debian:12.12/oldstable [amd64]) []',
      'Inst toynew (2.0 Debian:stable [all])',
      'Inst local:i386 [1.0] (1.1 [i386])',
      'Conf toylib (1.0-1+deb12u1 Debian-Security:stable-security [all])',
    ].join('\n');
    expect([...parseTaken(text)]).toEqual(['toylib', 'libssl3', 'local:i386']);
  });

  it('becomes what there would be of each package, and what would go', () => {
    const text = [
      'Remv toykey [1] [toydoor:amd64 ]',
      'Purg toyold:i386 [1.0]',
      'Inst libssl3 [3.0.15-1] (3.0.17-1 Debian-Security:12/oldstable-security, Debian:12.12/oldstable [amd64]) []',
      'Inst toynew (1:2.0 A (strange) [label]:stable [all])',
      'Inst local:i386 [1.0] (1.1 [i386]) [libssl3:amd64 ]',
      'Conf toynew (1:2.0 Debian:stable [all])',
    ].join('\n');
    expect(parseSimulation(text, 'amd64').map((one) => Object.values(one))).toEqual([
      ['toykey', null, 'amd64', false],
      ['toyold', null, 'i386', true],
      ['libssl3', '3.0.17-1', 'amd64', false],
      ['toynew', '1:2.0', 'all', false],
      ['local', '1.1', 'i386', false],
    ]);
  });

  it('is refused where a line is not understood, because a plan must not lack a step', () => {
    expect(() => parseSimulation('Inst toylib\n', 'amd64')).toThrow(/not understood: "Inst toylib"/);
  });
});

describe('what apt-cache policy of apt 2.6.1 prints', () => {
  it('becomes the candidate, and every version with its priority, its share of machines and its lists', () => {
    const text = [
      'toyphased:',
      '  Installed: 1.0-1',
      '  Candidate: 1.1-1',
      '  Package pin: 1.1-1',
      '  Version table:',
      '     1.1-1 1001 (phased 10%)',
      '        500 file:/r bookworm/main amd64 Packages',
      '       -1 http://u.example ./ Packages',
      ' *** 1.0-1 100',
      '        100 /var/lib/dpkg/status',
      'toykept:i386:',
      '  Installed: (none)',
      '  Candidate: (none)',
      '  Version table:',
      '     2:3.0 -1',
      '',
    ].join('\n');
    expect(Object.fromEntries(parsePolicy(text))).toEqual({
      toyphased: {
        candidate: '1.1-1',
        versions: [
          {
            version: '1.1-1',
            priority: 1001,
            installed: false,
            phasedPercent: 10,
            lists: ['file:/r bookworm/main amd64 Packages', 'http://u.example ./ Packages'],
          },
          {
            version: '1.0-1',
            priority: 100,
            installed: true,
            phasedPercent: undefined,
            lists: ['/var/lib/dpkg/status'],
          },
        ],
      },
      'toykept:i386': {
        candidate: undefined,
        versions: [{ version: '2:3.0', priority: -1, installed: false, phasedPercent: undefined, lists: [] }],
      },
    });
  });

  it('knows names that have no version', () => {
    const text = 'mail-transport-agent:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n';
    expect(parsePolicy(text).get('mail-transport-agent')).toEqual({ candidate: undefined, versions: [] });
  });
});

describe('what apt says about its sources', () => {
  it('names lists with their name in the folder, their address, their description and their Release file', () => {
    const text = [
      '/l/d_dists_b_my%5fpart_binary-amd64_Packages\thttp://d/dists/b/\tmy_part/binary-amd64/Packages\thttp://d/\tb\thttp://d b/my_part amd64 Packages',
      '/l/f_._Packages\thttp://f/./\tPackages\thttp://f/\t./\thttp://f ./ Packages',
      '',
    ].join('\n');
    expect(parseTargets(text)).toEqual([
      {
        file: 'd_dists_b_my%5fpart_binary-amd64_Packages',
        base: 'http://d/dists/b/',
        source: 'http://d b',
        description: 'http://d b/my_part amd64 Packages',
        releasePrefix: 'd_dists_b_',
      },
      {
        file: 'f_._Packages',
        base: 'http://f/./',
        source: 'http://f ./',
        description: 'http://f ./ Packages',
        releasePrefix: 'f_._',
      },
    ]);
    expect(() => parseTargets('N: odd\n')).toThrow(/not understood/);
  });

  it('and a Release file says when it was signed, and until when it counts', () => {
    const text = [
      '-----BEGIN PGP SIGNED MESSAGE-----',
      'Hash: SHA256',
      '',
      'Origin: Debian',
      'Label: Debian-Security',
      'Suite: oldstable-security',
      'Codename: bookworm-security',
      'Date: Sat, 11 Jul 2026 10:16:37 UTC',
      'Valid-Until: Sat, 18 Jul 2026 10:16:37 UTC',
      'SHA256:',
    ].join('\n');
    expect(parseReleaseHead(text)).toEqual({
      dateMs: Date.UTC(2026, 6, 11, 10, 16, 37),
      validUntilMs: Date.UTC(2026, 6, 18, 10, 16, 37),
      label: 'Debian-Security',
      suite: 'oldstable-security',
      codename: 'bookworm-security',
      origin: 'Debian',
    });
    expect(parseReleaseHead('Date: soon\n')).toMatchObject({ dateMs: undefined, label: undefined });
  });
});

describe('what apt-config of apt 2.6.1 prints', () => {
  const text = "architecture='amd64'\nlists='/srv/lists/'\nsourceList='/dev/null'\npreferences=''\n";

  it('becomes its architecture and the places of its files; one that is switched off is empty', () => {
    expect(parseSettings(text)).toMatchObject({
      architecture: 'amd64',
      lists: '/srv/lists/',
      sourceList: '/dev/null',
      preferences: '',
      status: '',
    });
  });

  it('is refused without where the lists are, and without the architecture', () => {
    expect(() => parseSettings('E: odd\n')).toThrow(/does not say where/);
    expect(() => parseSettings(text.replace(/^architecture.*\n/, ''))).toThrow(/does not say what/);
  });
});

describe("apt's status lines", () => {
  it('give downloading the first part of the bar and dpkg the rest', () => {
    expect(parseStatusLine('dlstatus:1:50.0000:Retrieving file 1 of 2 (1s remaining)')).toEqual({
      percent: 20,
      message: 'Retrieving file 1 of 2 (1s remaining)',
    });
    expect(parseStatusLine('pmstatus:toylib:50.0000:Unpacking toylib (amd64)')).toEqual({
      percent: 70,
      message: 'Unpacking toylib (amd64)',
    });
    expect(parseStatusLine('pmstatus:libc6:amd64:100.0000:Installed libc6:amd64')).toMatchObject({
      percent: 100,
    });
  });

  it('that tell nothing are passed over', () => {
    expect(parseStatusLine('media-change: disc')).toBeUndefined();
  });
});

describe("apt's words", () => {
  it.each([
    ['E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 317 (apt-get)', 'LOCKED'],
    ["E: You don't have enough free space in /var/cache/apt/archives/.", 'DISK_FULL'],
    ['E: The repository http://x InRelease is not signed.', 'GPG_ERROR'],
    [
      'W: GPG error: file:/r bookworm InRelease: The following signatures were invalid: BADSIG 0123',
      'GPG_ERROR',
    ],
    ['E: Unable to locate package toynowhere', 'PKG_NOT_FOUND'],
    ["E: Version '9.9' for 'toylib' was not found", 'VERSION_NOT_AVAILABLE'],
    ['E: Unable to correct problems, you have held broken packages.', 'DEPENDENCY_CONFLICT'],
    ['E: Sub-process /usr/bin/dpkg returned an error code (1)', 'SCRIPT_FAILED'],
    ['E: Failed to fetch file:/r/pool/x.deb  File not found', 'NETWORK_ERROR'],
    [
      'E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?',
      'PERMISSION_DENIED',
    ],
    ['E: Packages need to be removed but remove is disabled.', 'DEPENDENCY_CONFLICT'],
    [
      'Conflicts: none\nfoo.postinst: Could not get lock /run/foo\nE: Sub-process /usr/bin/dpkg returned an error code (1)',
      'SCRIPT_FAILED',
    ],
    [
      ' cannot copy extracted data: failed to write (No space left on device)\nE: Sub-process /usr/bin/dpkg returned an error code (1)',
      'DISK_FULL',
    ],
    ['E: Something nobody has seen before', 'PKG_MANAGER_ERROR'],
  ])('%j mean %s', (text, code) => {
    expect(classify(text)).toBe(code);
  });
});

describe('Debian versions', () => {
  it.each([
    ['1.0-1', '1.0-1+deb12u1'],
    ['1.0~rc1', '1.0'],
    ['1.9', '1.10'],
    ['1.0-1', '1:0.1'],
    ['1.0', '1.0a'],
    ['1.0a', '1.0+b'],
    ['2.0-1', '2.0-1.1'],
    ['0', '00.1'],
    ['1.99999999999999999998-1', '1.99999999999999999999-1'],
    ['1.99999999999999999999', '1.100000000000000000000'],
    ['1.0~~', '1.0~'],
    ['1.0Z', '1.0a'],
  ])('%s is older than %s', (older, newer) => {
    expect(compareDebianVersions(older, newer)).toBeLessThan(0);
    expect(compareDebianVersions(newer, older)).toBeGreaterThan(0);
    expect(compareDebianVersions(older, older)).toBe(0);
  });

  it('are the same with another number of zeros', () => {
    expect(compareDebianVersions('0:1.01-0', '1.1-00')).toBe(0);
    expect(compareDebianVersions('1.0', '1.0-0')).toBe(0);
  });
});

describe('what apt-cache show prints', () => {
  it('becomes the fields of the first stanza, with their continuation lines', () => {
    const fields = parseStanza(
      'Package: toyapp\nDepends: toylib, a | b\nDescription: toy\n long part\n .\n more\n\nPackage: other\n',
    );
    expect(fields).toMatchObject({ package: 'toyapp', description: 'toy\nlong part\n\nmore' });
    expect(parseDepends(fields.depends)).toEqual(['toylib', 'a | b']);
  });
});
