import { describe, expect, it } from 'vitest';
import { recorded } from '../../../test/packages/recorded-zypper.ts';
import { parseInstalled } from '../rpm/installed.ts';
import { readAnswer } from './ask.ts';
import { parseLocks } from './package-locks.ts';
import { readPatchedPackages, readPatches } from './patches.ts';
import { findPending, readUpdates } from './pending.ts';
import { findEntries } from './primary.ts';
import { asksForReboot, outdatedKernel } from './reboot-state.ts';
import { readRefresh } from './refresh.ts';
import { readPlan, refusalOf } from './simulate.ts';
import { readSolvables } from './solvables.ts';
import { readIndex, readRepositories } from './sources.ts';
import { parseXml } from './xml.ts';

const answerOf = (name: string, accept: number[] = []) => readAnswer('zypper', recorded(name), accept);
const nothingLocked = () => false;
const row = (name: string, version = '1.0', arch = 'noarch', release = '1') =>
  `${name}\t0\t${version}\t${release}\t${arch}\t8\t1795813910\t${name}-1.0-1.src.rpm\tToy package ${name}\n`;

describe('what zypper answers', () => {
  it('a plan names what comes and what goes', () => {
    const removal = readPlan(answerOf('1.14.89-dry-run-remove').answer);
    expect(removal.map((one) => [one.name, one.version])).toEqual([
      ['toyapp', null],
      ['toylib', null],
    ]);
    const downgrade = readPlan(answerOf('1.14.89-downgrade').answer);
    expect(downgrade.map((one) => [one.name, one.version])).toEqual([
      ['toyapp', '1.0-1'],
      ['toylib', '1.0-1'],
    ]);
  });

  it('a plan has no patches among its packages', () => {
    const plan = readPlan(answerOf('1.14.89-dry-run-patch').answer);
    expect(plan.map((one) => one.name)).toEqual(['toyconf', 'toyepoch', 'toylib', 'toyslow']);
    expect(plan.find((one) => one.name === 'toyepoch')?.version).toBe('1:1.1-1');
  });

  it('a plan that is missing, or does what nobody knows, is none', () => {
    expect(() => readPlan(parseXml('<stream></stream>'))).toThrow(/did not say/);
    const strange =
      '<stream><install-summary><to-lose><solvable type="package" name="a"/></to-lose></install-summary></stream>';
    expect(() => readPlan(parseXml(strange))).toThrow(/to-lose/);
  });

  it('gives the reasons of its solver, without the solutions that it offers', () => {
    const refusal = refusalOf(answerOf('1.14.89-dry-run-conflict', [4]));
    expect(refusalOf(answerOf('1.14.89-dry-run-update', [4]))?.reason).toBe(
      "nothing provides 'missing-thing >= 9' needed by the to be installed toybroken-1.1-1.noarch",
    );
    expect(refusal).toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      reason:
        "the to be installed toyclash-1.0-1.noarch conflicts with 'toylib' provided by the installed toylib-1.0-1.noarch",
    });
  });

  it('does not take another trouble for a refusal', () => {
    const text = '<stream><message type="error">Out of order.</message></stream>';
    expect(() => refusalOf({ exitCode: 8, answer: parseXml(text) })).toThrow(/exit 8.*Out of order/);
    expect(refusalOf(answerOf('1.14.42-file-conflict', [8]))?.reason).toContain(
      'toytwo and toyone both have the file /usr/share/same',
    );
  });

  it('never says "no updates" where a repository was left out', () => {
    expect(() => answerOf('1.14.89-list-updates-refused')).toThrow(
      expect.objectContaining({
        code: 'SERVICE_UNHEALTHY',
        message: expect.stringContaining("Skipping repository 'Lab updates'"),
      }),
    );
  });

  it('lists versions, repositories and their indexes', () => {
    expect(readSolvables(answerOf('1.14.42-search').answer)).toContainEqual({
      name: 'toyhello',
      architecture: 'noarch',
      version: '1.1-1',
      repository: 'Lab updates',
    });
    expect(readRepositories(answerOf('1.14.42-repos').answer).map((one) => one.alias)).toEqual([
      'lab-base',
      'lab-updates',
    ]);
    const index = readIndex(
      '<repomd><data type="primary"><location href="repodata/a-primary.xml.gz"/><timestamp>7</timestamp></data>' +
        '<data type="updateinfo"><location href="../../etc/passwd"/><timestamp>9</timestamp></data></repomd>',
    );
    expect(index).toMatchObject({ advisories: true, publishedAtMs: 9_000 });
    expect([...index.paths]).toEqual([['primary', 'repodata/a-primary.xml.gz']]);
  });

  it('reads patches with severity and CVE ids, and which packages they mend', () => {
    const patches = readPatches(answerOf('1.14.89-list-patches').answer);
    expect(patches.find((one) => one.id === 'LABSA-2026:0001')).toEqual({
      id: 'LABSA-2026:0001',
      security: true,
      severity: 'important',
      cves: ['CVE-2026-0001', 'CVE-2026-0002'],
    });
    expect(readPatchedPackages(answerOf('1.14.42-info-patch').answer)).toEqual([
      { id: 'LABSA-2026:0001', name: 'toylib', architecture: undefined, version: '1.1-1' },
    ]);
    const several = [
      'Name        : SUSE-2026:1',
      'Description : ',
      '    Conflicts   : [1]',
      '    liar < 9-9',
      'Provides    : patch:SUSE-2026:1 = 1',
      'Conflicts   : [3]',
      '    libopenssl3.x86_64 < 3.1.4-2',
      '    srcpackage:openssl < 3.1.4-2',
      '    python3.11.noarch < 1:3.11-1',
    ].join('\n');
    expect(
      readPatchedPackages(parseXml(`<message type="info">${several.replaceAll('<', '&lt;')}\n</message>`)),
    ).toEqual([
      { id: 'SUSE-2026:1', name: 'libopenssl3', architecture: 'x86_64', version: '3.1.4-2' },
      { id: 'SUSE-2026:1', name: 'python3.11', architecture: 'noarch', version: '1:3.11-1' },
    ]);
  });

  it('finds sizes and addresses in a list that comes in any pieces', async () => {
    const entry = (name: string) =>
      `<package type="rpm"><name>${name}</name><arch>noarch</arch><version epoch="1" ver="2" rel="3"/><summary>a &lt; b</summary>` +
      `<packager>P</packager><url>https://example.test/${name}</url><size package="10" installed="20" archive="30"/>` +
      '<format><rpm:license>MIT</rpm:license><rpm:requires><rpm:entry name="c" flags="GE" epoch="0" ver="4"/><rpm:entry name="d"/></rpm:requires></format></package>';
    const text = `<metadata packages="2">${entry('one')}\n${entry('two')}</metadata>`;
    for (const size of [1, 7, text.length]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, (at + 1) * size),
      );
      const found = await Array.fromAsync(findEntries(pieces, new Set(['two'])));
      expect(found).toMatchObject([
        {
          name: 'two',
          version: '1:2-3',
          summary: 'a < b',
          downloadBytes: 10,
          installedBytes: 20,
          license: 'MIT',
        },
      ]);
      expect(found[0]?.requires).toEqual(['c >= 4', 'd']);
    }
  });
});

describe('what waits by the word of zypper', () => {
  const source = (suite: string, security: boolean, present = true) => ({
    id: suite,
    uri: 'https://example.test/',
    label: suite,
    suite,
    codename: undefined,
    origin: undefined,
    security,
    present,
    publishedAtMs: undefined,
    servedAtMs: undefined,
    fetchedAtMs: undefined,
    validUntilMs: undefined,
    lists: [suite],
  });
  const installed = parseInstalled(row('toylib', '1.0'), ({ name }) => name === 'toylib');
  const newer = { name: 'toylib', architecture: 'noarch', version: '1.2-1', alias: 'lab' };
  const patch = (id: string, severity: string, security = true) => ({
    id,
    security,
    severity,
    cves: [`CVE-${id}`],
  });
  const patches = new Map(
    [patch('0', 'critical'), patch('1', 'moderate'), patch('2', 'low', false), patch('3', 'critical')].map(
      (one) => [one.id, one],
    ),
  );
  const mends = (id: string, version: string) => ({ id, name: 'toylib', architecture: undefined, version });

  it('counts every patch between what is installed and what is offered, and no other', () => {
    const packages = [mends('0', '1.0-1'), mends('1', '1.1-1'), mends('2', '1.2-1'), mends('3', '1.3-1')];
    const { updates } = findPending({ installed, sources: [source('lab', true)] }, [newer], {
      patches,
      packages,
    });
    expect(updates).toMatchObject([
      {
        id: 'toylib',
        held: true,
        security: true,
        securityVersion: '1.1-1',
        advisories: [
          { id: '1', severity: 'medium', cveIds: ['CVE-1'] },
          { id: '2', severity: 'unknown' },
        ],
      },
    ]);
  });

  it('does not say "no security update" of a repository that publishes no patches', () => {
    const none = { patches: new Map(), packages: [] };
    const { updates } = findPending({ installed, sources: [source('lab', false)] }, [newer], none);
    expect(updates).toMatchObject([{ security: false, securityKnown: false }]);
  });

  it('refuses an update of what is not installed', () => {
    const all = readUpdates(answerOf('1.14.89-list-updates').answer);
    expect(all.length).toBeGreaterThan(100);
    const none = { patches: new Map(), packages: [] };
    expect(() => findPending({ installed, sources: [] }, all, none)).toThrow(/does not have installed/);
  });

  it('is locked by what the file of locks says, in each of its ways', () => {
    const text =
      '\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: kernel*\n\n' +
      'type: patch\nmatch_type: glob\nsolvable_name: SUSE*\n\nmatch_type: exact\nsolvable_name: toyheld\n';
    expect(parseLocks(text)).toEqual([
      { pattern: 'kernel*', match: 'glob', caseless: false },
      { pattern: 'toyheld', match: 'exact', caseless: false },
    ]);
  });
});

describe('a refresh', () => {
  it.each([
    ['1.14.42-refresh', ['Lab base', 'Lab updates'], []],
    ['1.14.89-refresh-missing', ['Lab base'], [['Lab updates', 'NETWORK_ERROR']]],
    [
      '1.14.89-refresh-refused',
      ['Lab base'],
      [['Lab updates (http://127.0.0.1:9/updates)', 'NETWORK_ERROR']],
    ],
    ['1.14.89-refresh-badsig', ['Lab base'], [['Lab updates (dir:/srv/badsig)', 'GPG_ERROR']]],
    [
      '1.14.42-refresh-unknown-key',
      [],
      [
        ['Lab base (file:/srv/repo/base)', 'GPG_ERROR'],
        ['Lab updates (file:/srv/repo/updates)', 'GPG_ERROR'],
      ],
    ],
  ])('%s: tells each repository that failed', (name, healthy, failed) => {
    const report = readRefresh(recorded(name));
    expect(report.healthy).toEqual(healthy);
    expect(report.failed.map((one) => [one.source, one.code])).toEqual(failed);
    expect(report.unknown).toEqual([]);
  });

  it('names the key that nobody accepted, and shows no password', () => {
    const [first] = readRefresh(recorded('1.14.42-refresh-unknown-key')).failed;
    expect(first?.reason).toMatch(/Its key has the fingerprint [0-9A-F]{40}\./);
    const stdout = recorded('1.14.89-refresh-refused').stdout.replaceAll('http://', 'http://user:word@');
    expect(JSON.stringify(readRefresh({ stdout }))).not.toContain('word');
  });

  it('that did not come to its end is not taken for a good one', () => {
    const { stdout } = recorded('1.14.42-refresh');
    const cut = stdout.slice(0, stdout.indexOf('All repositories'));
    expect(readRefresh({ stdout: cut }).unknown).toHaveLength(1);
  });
});

describe('kernels of SUSE', () => {
  it('compares the running kernel with those of its own flavour', () => {
    const rows = [
      row('kernel-default', '6.4.0', 'x86_64', '150600.23.7.3'),
      row('kernel-default', '6.4.0', 'x86_64', '150600.23.14.2'),
      row('kernel-rt', '6.9.0', 'x86_64', '1.1'),
    ];
    const installed = parseInstalled(rows.join(''), nothingLocked);
    expect(outdatedKernel('6.4.0-150600.23.7-default', installed)).toBe(
      'kernel-default 6.4.0-150600.23.14.2 is installed, 6.4.0-150600.23.7-default runs',
    );
    expect(outdatedKernel('6.4.0-150600.23.14-default', installed)).toBeUndefined();
    expect(outdatedKernel('6.1.0-37-amd64', installed)).toBeUndefined();
    const all = [
      'kernel-default',
      'kernel-default-base',
      'glibc',
      'systemd',
      'kernel-firmware-intel',
      'ucode-amd',
      'raspberrypi-firmware',
    ];
    expect(all.filter(asksForReboot)).toEqual(all);
    expect(['kernel-devel', 'kernel-source', 'glibc-locale', 'bash'].filter(asksForReboot)).toEqual([]);
  });
});
