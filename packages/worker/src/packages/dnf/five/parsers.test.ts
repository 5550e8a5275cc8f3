import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isPatchError } from '@linux-patch/contract';
import type { CommandResult, FileFacts } from '@linux-patch/runtime';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../program.ts';
import { refusalOf } from '../simulate.ts';
import { parseAdvisories } from './advisories.ts';
import { readDnf5Failure } from './failure.ts';
import {
  dnf5ScriptWords,
  parseDnf5Progress,
  readDnf5FailedScripts,
  readDnf5Said,
  readDnf5Untrusted,
} from './output.ts';
import { changeArguments, parsePlan } from './plan.ts';
import { readDnf5Refresh } from './refresh.ts';
import { parsePackages, repoquery } from './repoquery.ts';
import { parseSources } from './sources.ts';
import { parseLockList } from './version-locks.ts';

const RECORDED = resolve(import.meta.dirname, '../../../../test/recorded/dnf');

/** A run of dnf5 5.4.6 with rpm 6.1. */
function recorded(name: string): CommandResult {
  const text = readFileSync(join(RECORDED, `5.4.6-${name}.txt`), 'utf8');
  const [head = '', rest = ''] = text.split('# --- stdout\n');
  const [stdout = '', stderr = ''] = rest.split('# --- stderr\n');
  return resultOf(Number(/^# exit: (\d+)$/m.exec(head)?.[1]), stdout, stderr);
}

function resultOf(exitCode: number, stdout: string, stderr = ''): CommandResult {
  return { exitCode, signal: null, stdout, stderr, timedOut: false, aborted: false, durationMs: 1 };
}

const names = (found: readonly { readonly name: string; readonly version: string }[]) =>
  found.map(({ name, version }) => `${name} ${version}`);

describe('the dnf of a host', () => {
  const found = (first: string | undefined, five: boolean) =>
    findProgram({
      files: {
        readTextLimited: async () => first,
        factsBehind: async () => (five ? ({ kind: 'file' } as FileFacts) : undefined),
      },
    });

  it('is what "dnf" is there: a script of Python, or else dnf 5; another program is refused', async () => {
    const script = '#!/usr/libexec/platform-python\n';
    expect(await found(script, true)).toEqual({ generation: 4, python: '/usr/libexec/platform-python' });
    expect(await found('\u007fELF\u0002', true)).toEqual({ generation: 5 });
    await expect(found('\u007fELF\u0002', false)).rejects.toThrow(
      /neither dnf 4.*nor dnf 5.*nothing is listed/s,
    );
  });
});

describe('a plan of dnf 5.4.6', () => {
  it('is the whole table: what comes, what goes for it, and an epoch only where it is not 0', () => {
    const plan = parsePlan(recorded('plan-assumeno'));
    expect(plan.refusal).toBeNull();
    expect(names(plan.coming)).toEqual([
      'toyapp 2.0-1',
      'toybad 1.1-1',
      'toyconf 1.1-1',
      'toyepoch 1:1.1-1',
      'toyheld 1.1-1',
      'toylib 1.1-1',
      'toymulti 1.2-1',
      'toypre 1.1-1',
      'toyslow 1.1-1',
      'kernel 6.1.0-2',
      'toyrenamed 2.0-1',
      'kernel-core 6.1.0-2',
      'toynew 1.0-1',
    ]);
    expect(plan.going).toHaveLength(10);
    expect(names(plan.going)).toContain('toyold 1.0-1');
  });

  it('says what would be removed for a conflict', () => {
    const { stdout } = recorded('plan-conflict-allowerasing');
    const erasing = parsePlan(resultOf(1, stdout, 'Operation aborted by the user.\n'));
    expect([names(erasing.coming), names(erasing.going)]).toEqual([
      ['toyclash 1.0-1'],
      ['toyapp 1.0-1', 'toylib 1.0-1'],
    ]);
  });

  it('has nothing in it where there is nothing to do, and where all that was asked for is skipped', () => {
    const nothing = { refusal: null, coming: [], going: [] };
    expect(parsePlan(recorded('plan-nothing'))).toEqual(nothing);
    expect(parsePlan(recorded('upgrade-best-0'))).toEqual(nothing);
  });

  it('brings in an older version, another package, and takes one away at once', () => {
    const plan = parsePlan(recorded('do-install-and-remove'));
    expect([names(plan.coming), names(plan.going)]).toEqual([
      ['toylib 1.0-1', 'toyclash 1.0-1'],
      ['toyhello 1.0-1', 'toylib 1.1-1'],
    ]);
  });

  it.each([
    ['plan-conflict', /toyclash-1\.0-1\.noarch from lab-base conflicts with toylib/],
    ['best-unsatisfiable', /nothing provides missing-thing >= 9/],
    ['install-unknown', /No match for argument: nosuchpkg/],
  ])('%s: is refused in the words of dnf', (name, reason) => {
    const refusal = refusalOf(parsePlan(recorded(name)));
    expect(refusal?.reason).toMatch(reason);
    expect(refusal?.reason).not.toMatch(/You can try|--allowerasing/);
  });

  it('is none when a row is missing, when a heading is new, or when dnf ended otherwise', () => {
    const { stdout, stderr } = recorded('plan-assumeno');
    const refused = (text: string, said = stderr) =>
      expect(() => parsePlan(resultOf(1, text, said))).toThrow(/not understood|failed/);
    refused(stdout.replace(/^ toylib .*\n/m, ''));
    refused(stdout.replace(/^ {3}replacing toyold .*\n/m, ''));
    refused(stdout.replace('Installing dependencies:', 'Switching streams:'));
    refused(stdout.slice(0, stdout.indexOf('Transaction Summary')));
    refused(stdout.replace('0:1.1-1', '1.1-1'));
    refused('', 'Cache-only enabled but no cache for repository "lab-updates"\n');
    refused('', '');
  });

  it('is asked for in one run, with options before names', () => {
    const plain = { exclude: [], force: false, erase: false, weak: true, remove: [] };
    const install = changeArguments({ ...plain, command: 'install', specs: ['a-1-1'], remove: ['b'] });
    expect(install.slice(-5)).toEqual(['do', '--action=install', 'a-1-1', '--action=remove', 'b']);
    const upgrade = { ...plain, command: 'upgrade' as const, specs: ['a-1-1'], exclude: ['b'], erase: true };
    expect(changeArguments(upgrade).slice(-4)).toEqual(['--exclude=b', 'upgrade', '--allowerasing', 'a-1-1']);
  });
});

describe('a change by dnf 5.4.6 and rpm 6.1', () => {
  it('that ends badly for a script after the installation names it, with its words', () => {
    const result = recorded('upgrade-apply');
    expect(result.exitCode).toBe(1);
    expect(readDnf5FailedScripts(result)).toEqual(['toybad']);
    expect(dnf5ScriptWords(result, 'toybad')).toEqual([
      'toybad says: something is wrong',
      '[RPM] %post(toybad-1.1-1.noarch) scriptlet failed, exit status 3',
      'Non-critical error in %post scriptlet: toybad-0:1.1-1.noarch',
    ]);
    expect(dnf5ScriptWords(result, 'toylib')).toEqual([]);
    expect(readDnf5Failure(result).code).toBe('SCRIPT_FAILED');
    expect(readDnf5Said(result)).toEqual({ reinstalled: [], kept: ['/etc/toyconf.conf'] });
  });

  it('tells progress: downloads first, then the transaction to its end', () => {
    const steps = recorded('upgrade-apply')
      .stderr.split('\n')
      .flatMap((line) => parseDnf5Progress(line) ?? []);
    expect(steps[0]).toEqual({ percent: 5, message: 'Downloading toynew-0:1.0-1.noarch' });
    expect(steps.find((one) => one.message.startsWith('Upgrading'))).toEqual({
      percent: 46,
      message: 'Upgrading toylib-0:1.1-1.noarch',
    });
    expect(steps.at(-1)?.percent).toBe(100);
    const percents = steps.map((one) => one.percent);
    expect(percents.toSorted((a, b) => a - b)).toEqual(percents);
  });

  it('names what it put in once more', () => {
    expect(readDnf5Said(recorded('remove-duplicates')).reinstalled).toEqual(['toyapp', 'toylib', 'toyslow']);
  });

  it.each([
    ['upgrade-pre-failed', 'SCRIPT_FAILED', /toypre says no|scriptlet/],
    ['unsigned', 'GPG_ERROR', /is not signed/],
    ['install-unknown', 'PKG_NOT_FOUND', /nosuchpkg/],
    ['plan-conflict', 'DEPENDENCY_CONFLICT', /conflicts with toylib/],
    ['lock-held', 'PKG_MANAGER_ERROR', /^$/],
  ])('%s: means %s', (name, code, words) => {
    const failure = readDnf5Failure(recorded(name));
    expect(failure.code).toBe(code);
    expect(failure.words.join(' ')).toMatch(words);
    expect(failure.words.join(' ')).not.toMatch(/Repositories loaded|100%/);
  });

  it('refuses a package without a signature by its name', () => {
    expect(readDnf5Untrusted(recorded('unsigned'))).toEqual(['toynew']);
  });

  it('is not deceived by what a script prints', () => {
    const stderr = [
      '>>> Running %post scriptlet: toybad-0:1.1-1.noarch',
      '>>> Non-critical error in %post scriptlet: toybad-0:1.1-1.noarch',
      '>>> Scriptlet output:',
      '>>> No space left on device',
      '>>> Error in %pre scriptlet: glibc-0:2-1.x86_64',
      '>>> ',
      '>>> [RPM] %post(toybad-1.1-1.noarch) scriptlet failed, exit status 3',
      'Transaction failed: Rpm transaction failed.',
    ].join('\n');
    expect(readDnf5Failure(resultOf(1, '', stderr)).code).toBe('SCRIPT_FAILED');
    expect(readDnf5FailedScripts({ stderr })).toEqual(['toybad']);
  });
});

describe('what dnf 5.4.6 says of this host', () => {
  it('of advisories: severity in the words of the vendor, faults, and every package they are about', () => {
    const [first] = parseAdvisories(recorded('advisory-info-json').stdout);
    expect(first).toEqual({
      id: 'LABSA-2026:0001',
      name: 'toylib',
      arch: 'noarch',
      version: '1.1-1',
      security: true,
      severity: 'Important',
      cves: ['CVE-2026-0001', 'CVE-2026-0002'],
    });
    expect(parseAdvisories('[]\n')).toEqual([]);
    for (const text of [
      '{}',
      '[{}]',
      '[{"Name":"A","Type":"security","Severity":"x","collections":{"packages":["a"]}}]',
    ])
      expect(() => parseAdvisories(text)).toThrow(/not understood/);
  });

  it('of packages: all fields of all of them, or none', () => {
    const tags = ['name', 'evr'] as const;
    expect(parsePackages(tags, 'a\x1f1-1\x1eb\x1f2\n3\x1e')).toEqual([
      { name: 'a', evr: '1-1' },
      { name: 'b', evr: '2\n3' },
    ]);
    expect(parsePackages(tags, '')).toEqual([]);
    for (const text of ['a\x1f1-1', 'a\x1e', 'a\x1fb\x1fc\x1e', 'subscription expired\na\x1f1-1\x1ex'])
      expect(() => parsePackages(tags, text)).toThrow(/not understood/);
  });

  it('of a package whose name is an option: nothing, and no program is started', async () => {
    const query = { tags: ['name'] as const, options: [], names: ['toylib', '--config=/tmp/x-1-1.noarch'] };
    const started = () => Promise.reject(new Error('started'));
    await expect(repoquery(started, query)).rejects.toThrow(/is no name of a package/);
  });

  it('of repositories: where they are, when they were made and fetched, and which were never downloaded', () => {
    const { stdout } = recorded('repo-info');
    const known = parseSources(stdout).map(({ id, url, fetched }) => [id, url, fetched !== null]);
    expect(known).toEqual([
      ['lab-base', 'file:///srv/rpm/base', true],
      ['lab-updates', 'file:///srv/rpm/updates', true],
    ]);
    const never = stdout.replace(/"timestamp":\d+/, '"timestamp":-1');
    expect(parseSources(never)[0]).toMatchObject({ present: false, fetched: null, published: null });
    for (const text of ['', '{}', '[{"id":"x"}]']) expect(() => parseSources(text)).toThrow(/not understood/);
  });

  it('of locks: those that keep a version hold, those that leave one out do not', () => {
    const text = readFileSync(join(RECORDED, '5.4.6-versionlock.toml'), 'utf8');
    expect(parseLockList(text)).toEqual(['toyheld', 'toyconf']);
    expect(parseLockList('')).toEqual([]);
  });

  it('of a refresh: each repository alone, with its word, its address and its key', () => {
    const report = readDnf5Refresh(recorded('refresh-each'));
    expect(report.healthy).toEqual(['lab-base', 'lab-updates']);
    expect(report.unknown).toEqual([]);
    expect(report.failed.map(({ id, code }) => [id, code])).toEqual([
      ['bad-sign', 'GPG_ERROR'],
      ['dead', 'NETWORK_ERROR'],
      ['key-new', 'GPG_ERROR'],
      ['mirrorless', 'CACHE_REFRESH_ERROR'],
    ]);
    const [bad, dead] = report.failed;
    expect(bad?.reason).toMatch(/fingerprint E2B239BC227273A488479C3728DF5E1546FAA695\./);
    expect(dead?.source).toBe('dead (http://127.0.0.1:9/x)');
    expect(dead?.reason).toMatch(/^Curl error \(7\): Could not connect/);
  });

  it('of a refresh that was cut off: that repositories are missing', () => {
    const { stdout } = recorded('refresh-each');
    const cut = stdout.replace('6 repositories asked\n', '');
    expect(readDnf5Refresh({ stdout: cut }).unknown).toEqual([
      'dnf5 ended before it had asked every repository',
    ]);
    expect(readDnf5Refresh({ stdout: '' }).unknown).toHaveLength(1);
  });
});

it('no line of a recording, cut anywhere, crashes a reader or makes another plan of it', () => {
  const files = readdirSync(RECORDED).filter((name) => name.startsWith('5.4.6-') && name.endsWith('.txt'));
  for (const file of files) {
    const { stdout, stderr, exitCode } = recorded(file.slice('5.4.6-'.length, -'.txt'.length));
    const whole = planOf(resultOf(exitCode ?? 0, stdout, stderr));
    for (let at = 0; at < stdout.length; at += 7) {
      const cut = resultOf(exitCode ?? 0, stdout.slice(0, at), stderr);
      const plan = planOf(cut);
      if (plan !== undefined && plan.refusal === null && plan.coming.length > 0) expect(plan).toEqual(whole);
      readDnf5Said(cut);
      readDnf5Refresh(cut);
    }
    for (let at = 0; at < stderr.length; at += 7) {
      const cut = resultOf(1, '', stderr.slice(at));
      readDnf5Failure(cut);
      readDnf5FailedScripts(cut);
      dnf5ScriptWords(cut, 'toybad');
    }
  }
});

function planOf(result: CommandResult) {
  try {
    return parsePlan(result);
  } catch (error) {
    expect(isPatchError(error, 'PKG_MANAGER_ERROR')).toBe(true);
    return undefined;
  }
}
