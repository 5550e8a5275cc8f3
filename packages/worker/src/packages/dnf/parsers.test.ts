import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isPatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import { describe, expect, it } from 'vitest';
import { parseInstalled } from '../rpm/installed.ts';
import { parseUnmet } from '../rpm/unmet.ts';
import { PlanAnswer, parseJson, ReadAnswer, readAnswer } from './answers.ts';
import { isLockedOut, readFailure } from './failure.ts';
import { keptFilesIn, parseProgress, readFailedScripts, readUntrusted, scriptWords } from './output.ts';
import { findPending, sourceOf } from './pending.ts';
import { interpreterOf } from './program.ts';
import { asksForReboot, outdatedKernel, removedKernel } from './reboot-state.ts';
import { readRefresh } from './refresh.ts';
import { refusalOf } from './simulate.ts';
import { parseLocks } from './version-locks.ts';

const RECORDED = resolve(import.meta.dirname, '../../../test/recorded/dnf');

/** A run of the real dnf; the name of the file begins with its version. */
function recorded(name: string): CommandResult {
  const text = readFileSync(join(RECORDED, `${name}.txt`), 'utf8');
  const [head = '', rest = ''] = text.split('# --- stdout\n');
  const [stdout = '', stderr = ''] = rest.split('# --- stderr\n');
  return resultOf(Number(/^# exit: (\d+)$/m.exec(head)?.[1]), stdout, stderr.split('# --- ')[0]);
}

function resultOf(exitCode: number, stdout: string, stderr = ''): CommandResult {
  return { exitCode, signal: null, stdout, stderr, timedOut: false, aborted: false, durationMs: 1 };
}

const nothingLocked = () => false;
const row = (name: string, version = '1.0', arch = 'noarch') =>
  `${name}\t0\t${version}\t1\t${arch}\t8\t1795813910\t${name}-1.0-1.src.rpm\tToy package ${name}\n`;

describe('what dnf 4.14 and 4.23 print', () => {
  it.each(['4.14-upgrade-apply', '4.23-upgrade-apply'])(
    '%s: an end that is called good, and the script that failed',
    (name) => {
      const result = recorded(name);
      expect(result.exitCode).toBe(0);
      expect(readFailedScripts(result)).toEqual(['toybad']);
      expect(scriptWords(result, 'toybad')).toEqual([
        'toybad says: something is wrong',
        'warning: %post(toybad-1.1-1.noarch) scriptlet failed, exit status 3',
        'Error in POSTIN scriptlet in rpm package toybad',
      ]);
      expect(scriptWords(result, 'toylib')).toEqual([]);
      const steps = result.stdout.split('\n').flatMap((line) => parseProgress(line) ?? []);
      expect(steps[0]?.message).toBe('Upgrading toylib-1.1-1.noarch');
      expect(steps.at(-1)?.percent).toBe(100);
      const percents = steps.map((one) => one.percent);
      expect(percents.toSorted((a, b) => a - b)).toEqual(percents);
    },
  );

  it.each([
    ['4.14-lock-held', 'LOCKED', /already locked by 3/],
    ['4.14-disk-full-target', 'DISK_FULL', /needs 188KB more space/],
    ['4.14-disk-full-cache', 'DISK_FULL', /No space left/],
    ['4.14-unsigned', 'GPG_ERROR', /is not signed/],
    ['4.14-plan-conflict', 'DEPENDENCY_CONFLICT', /conflicts with toylib/],
    ['4.14-plan-assumeno-best', 'DEPENDENCY_CONFLICT', /nothing provides missing-thing/],
    ['4.14-install-unknown', 'PKG_NOT_FOUND', /nosuchpkg/],
    ['4.14-upgrade-unknown', 'PKG_NOT_FOUND', /nosuchpkg/],
    ['4.14-undo-not-available', 'VERSION_NOT_AVAILABLE', /toyconf-1\.0-1/],
    ['4.14-upgrade-pre-failed', 'SCRIPT_FAILED', /PREIN scriptlet/],
    ['4.14-repo-dns-makecache', 'NETWORK_ERROR', /resolve host name/],
    ['4.14-checksum-mismatch', 'PKG_MANAGER_ERROR', /incorrect checksum/],
  ])('%s means %s', (name, code, words) => {
    const result = recorded(name);
    const failure = readFailure(result);
    expect([failure.code, failure.words.join(' ')]).toEqual([code, expect.stringMatching(words)]);
    expect(isLockedOut(result)).toBe(code === 'LOCKED');
  });

  it('is not believed where the script of a package speaks', () => {
    const lie =
      '  Running scriptlet: toy-1-1.noarch  1/1\nError: GPG check FAILED\nNo space left on device\n';
    expect(readFailure(resultOf(1, lie, 'Error: Transaction failed\n')).code).toBe('PKG_MANAGER_ERROR');
    expect(readFailedScripts(resultOf(0, 'Error in POSTIN scriptlet in rpm package glibc\n'))).toEqual([]);
  });

  it('names kept configuration files, and packages without a trusted signature', () => {
    expect(keptFilesIn(recorded('4.14-downgrade').stdout)).toEqual(['/etc/toyconf.conf']);
    expect(keptFilesIn('warning: /etc/a created as /etc/b.rpmnew\n')).toEqual([]);
    expect(readUntrusted(recorded('4.14-unsigned'))).toEqual(['toynew']);
  });
});

describe('the version lock list of dnf', () => {
  it('locks by the name in a line', () => {
    const list =
      '# Added lock on Sat Nov 28\ntoyheld-0:1.0-1.*\n!toyfree-0:1.0-1.*\nkernel*\nplain\npython3.11-0:3.11.7-1.el9.*\n';
    expect(parseLocks(list)).toEqual(['toyheld', 'kernel*', 'plain', 'python3.11']);
  });
});

describe('what dnf answers', () => {
  const source = {
    id: 'lab',
    name: 'Lab',
    url: 'https://user:word@lab.example/x',
    present: true,
    published: 1,
    fetched: 5,
    advisories: true,
  };
  const installed = parseInstalled(row('toylib', '1.0'), nothingLocked);
  const update = { name: 'toylib', arch: 'noarch', version: '1.2-1', held: false, repositories: ['lab'] };
  const advisory = (id: string, version: string, severity: string, security = true) => ({
    id,
    name: 'toylib',
    arch: 'noarch',
    version,
    security,
    severity,
    cves: [`CVE-${id}`],
  });

  it('says when its owner made the lists and when this host got them, each only where dnf knows it', () => {
    expect(sourceOf(source)).toMatchObject({ id: 'lab', publishedAtMs: 1_000, fetchedAtMs: 5_000 });
    for (const unknown of [null, 0, -1])
      expect(sourceOf({ ...source, published: unknown, fetched: unknown })).toMatchObject({
        publishedAtMs: undefined,
        fetchedAtMs: undefined,
      });
  });

  it('counts every advisory between what is installed and what is offered, and no other', () => {
    const advisories = [
      advisory('0', '1.0-1', 'Critical'),
      advisory('1', '1.1-1', 'moderate'),
      advisory('2', '1.2-1', 'None', false),
      advisory('3', '1.3-1', 'Critical'),
    ];
    const { updates } = findPending(installed, { sources: [source], updates: [update], advisories });
    expect(updates).toMatchObject([
      {
        id: 'toylib',
        security: true,
        securityVersion: '1.1-1',
        advisories: [
          { id: '1', severity: 'medium', cveIds: ['CVE-1'] },
          { id: '2', severity: 'unknown' },
        ],
      },
    ]);
  });

  it('does not say "no security update" of a repository that publishes no advisories', () => {
    const silent = { ...source, advisories: false };
    const { updates } = findPending(installed, { sources: [silent], updates: [update], advisories: [] });
    expect(updates).toMatchObject([{ security: false, securityKnown: false }]);
  });

  it('says nothing at all while a repository is missing', () => {
    const missing = { ...source, id: 'other', present: false };
    expect(() => findPending(installed, { sources: [source, missing], updates: [], advisories: [] })).toThrow(
      /other was never downloaded/,
    );
  });

  it('gives its reasons as one clause', () => {
    const refusal =
      '\n Problem: cannot install the best update candidate for package a-1-1.noarch\n  - nothing provides b needed by a-2-1.noarch';
    expect(refusalOf({ refusal })?.reason).toBe(
      'cannot install the best update candidate for package a-1-1.noarch; nothing provides b needed by a-2-1.noarch',
    );
  });

  it('tells each repository that failed, and that none was passed over', () => {
    const stdout = [
      'base: refreshed with advisories',
      "dead: failed at http://user:word@127.0.0.1:9/x: Failed to download metadata for repo 'dead': Curl error (7): Couldn't connect",
      'keyed: failed at https://a.example/: Failed: repomd.xml GPG signature verification error: Bad GPG signature [key 61A13ABC800D9E1A]',
      '3 repositories asked',
    ].join('\n');
    const report = readRefresh({ stdout });
    expect(report.healthy).toEqual(['base']);
    expect(report.failed).toMatchObject([
      { source: 'dead (http://127.0.0.1:9/x)', code: 'NETWORK_ERROR' },
      {
        source: 'keyed (https://a.example/)',
        code: 'GPG_ERROR',
        reason: expect.stringContaining('fingerprint 61A13ABC800D9E1A'),
      },
    ]);
    expect(report.unknown).toEqual([]);
    expect(readRefresh({ stdout: 'base: refreshed\n' }).unknown).toHaveLength(1);
  });

  it('is asked of the interpreter that runs dnf, which dnf 5 has none of', () => {
    expect(interpreterOf('#!/usr/bin/python3\n# dnf')).toBe('/usr/bin/python3');
    expect(interpreterOf('#!/usr/libexec/platform-python -s\n')).toBe('/usr/libexec/platform-python');
    expect(interpreterOf('\u007fELF\u0002\u0001')).toBeUndefined();
  });
});

describe('kernels', () => {
  it('compares the running kernel with those of its own flavour', () => {
    const kernels = [
      row('kernel-core', '5.14.0', 'x86_64'),
      row('kernel-core', '5.15.0', 'x86_64'),
      row('kernel-rt-core', '6.0', 'x86_64'),
    ];
    const installed = parseInstalled(kernels.join(''), nothingLocked);
    expect(outdatedKernel('5.14.0-1.x86_64', installed)).toBe(
      'kernel-core 5.15.0-1 is installed, 5.14.0-1.x86_64 runs',
    );
    expect(outdatedKernel('5.15.0-1.x86_64', installed)).toBeUndefined();
    expect(outdatedKernel('6.0-1.x86_64+rt', installed)).toBeUndefined();
    expect(outdatedKernel('6.1.0-37-amd64', installed)).toBeUndefined();
    expect(
      ['kernel', 'kernel-rt-core', 'glibc', 'systemd', 'linux-firmware', 'bcm283x-firmware'].filter(
        asksForReboot,
      ),
    ).toHaveLength(6);
    expect(['kernel-devel', 'kernel-headers', 'glibc-common', 'bash'].filter(asksForReboot)).toEqual([]);
  });
});

it('tells a kernel that was removed while it runs from one that no package of this distribution brought', () => {
  const rows = [
    'kernel\t0\t5.14.0\t427.el9\tx86_64\t8\t1795813910\tkernel-5.14.0-427.el9.src.rpm\tThe kernel\n',
  ];
  const installed = parseInstalled(rows.join(''), nothingLocked);
  const [removed, own] = ['5.14.0-362.8.1.el9_3.x86_64', '6.12.0'];
  expect(removedKernel(removed, installed, false)).toBe(
    `${removed} runs, and its modules are gone: another kernel is installed`,
  );
  expect(removedKernel(removed, installed, true)).toBeUndefined();
  expect(removedKernel(own, installed, false)).toBeUndefined();
  expect(removedKernel('6.8.9-300.fc40.x86_64', installed, false)).toBeUndefined();
  expect(removedKernel(removed, [], false)).toBeUndefined();
});

/** The same numbers in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('whatever is printed', () => {
  const texts = [
    ...readdirSync(RECORDED).map((name) => readFileSync(join(RECORDED, name), 'utf8')),
    `${row('toylib')}${row('toyapp')}`,
    'base: refreshed\nother: failed at file:///x: no\n2 repositories asked\n',
    '{"sources":[],"updates":[],"advisories":[]}',
  ];
  /** A text with pieces of others in it, cut, doubled or with strange characters. */
  const spoil = (draw: (below: number) => number): string => {
    const pick = () => texts[draw(texts.length)] ?? '';
    let text = pick();
    for (let times = 1 + draw(4); times > 0; times -= 1) {
      const at = draw(text.length + 1);
      const other = pick();
      const piece =
        [other.slice(0, draw(200)), '\t', '\n', '\u0000', '\u{1F4A5}', '{', '"', 'é', ''][draw(9)] ?? '';
      text = text.slice(0, at) + piece + text.slice(at + draw(30));
    }
    return text;
  };

  it('crashes no reader, and no spoiled answer is taken for "nothing waits"', () => {
    const draw = numbers(20_261_128);
    for (let round = 0; round < 3_000; round += 1) {
      const [stdout, stderr] = [spoil(draw), spoil(draw)];
      const result = resultOf(draw(3), stdout, stderr);
      readFailure(result);
      readFailedScripts(result);
      scriptWords(result, 'toybad');
      keptFilesIn(result.stdout);
      readUntrusted(result);
      parseUnmet(stdout);
      parseLocks(stdout);
      for (const line of stdout.split('\n')) parseProgress(line);
      const report = readRefresh(result);
      // Good news of all needs the line that says that all were asked.
      if (report.unknown.length === 0) expect(stdout).toMatch(/^\d+ repositories asked$/m);
      for (const read of [
        () => parseInstalled(stdout, nothingLocked),
        () => readAnswer('dnf', parseJson(stdout), ReadAnswer),
        () => readAnswer('dnf', parseJson(stdout), PlanAnswer),
      ]) {
        try {
          read();
        } catch (error) {
          expect(isPatchError(error, 'PKG_MANAGER_ERROR')).toBe(true);
        }
      }
    }
    for (const none of [
      '',
      '{}',
      '[]',
      'null',
      '{"updates":[]}',
      '{"sources":[],"updates":[],"advisories":[]',
    ])
      expect(() => readAnswer('dnf', parseJson(none), ReadAnswer)).toThrow(/not understood/);
    expect(() => readAnswer('dnf', { error: 'Config error' }, ReadAnswer)).toThrow(/failed: Config error/);
  });
});
