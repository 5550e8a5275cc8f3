import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isPatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeArguments, type PacmanChange, planArguments, printArguments } from './change.ts';
import { parseConfig } from './config.ts';
import { isLockedOut, readFailure } from './failure.ts';
import { parseUnfinished } from './interruption.ts';
import { parseEntry } from './local-database.ts';
import { PACMAN_RULES, splitPackage } from './names.ts';
import { failedHooks, progressReader, readFailedScripts, readKeptFiles, readUntrusted } from './output.ts';
import { parseUpgradable } from './pending.ts';
import { asksForReboot } from './reboot-state.ts';
import { readRefresh } from './refresh.ts';
import { parsePlan, refusalOf, requiredBy } from './simulate.ts';
import { parseRecords, parseSize } from './sync-records.ts';
import { parseUnmet } from './unmet.ts';
import { comparePacmanVersions } from './versions.ts';

const RECORDED = resolve(import.meta.dirname, '../../../test/recorded/pacman');
const PAIRS = resolve(import.meta.dirname, '../../../../manager/test/recorded/versions-pacman-6.0.tsv');

function textOf(name: string): string {
  return readFileSync(join(RECORDED, `${name}.txt`), 'utf8');
}

function resultOf(exitCode: number, stdout: string, stderr = ''): CommandResult {
  return { exitCode, signal: null, stdout, stderr, timedOut: false, aborted: false, durationMs: 1 };
}

/** A run of the real pacman; the name of the file begins with its version. */
function recorded(name: string): CommandResult {
  const [head = '', rest = ''] = textOf(name).split('# --- stdout\n');
  const [stdout = '', stderr = ''] = rest.split('# --- stderr\n');
  return resultOf(Number(/^# exit: (\d+)$/m.exec(head)?.[1]), stdout, stderr.split('# --- ')[0]);
}

/** One that changes something has both of its outputs in one. */
const merged = (stdout: string, exitCode = 0) => resultOf(exitCode, stdout);
const BEGIN = ':: Processing package changes...\n';
const FAILED = 'error: command failed to execute correctly\n';
const nothingHeld = { ignored: [], ignoredGroups: [] };

describe('what pacman 6.0, 7.0 and 7.1 print', () => {
  it('is an end that is called good, and the script or the hook that failed', () => {
    const text = `${BEGIN}upgrading toylib...\nupgrading toybad...\ntoybad says no\n${FAILED}upgrading toyconf...\n`;
    expect(readFailedScripts(merged(text))).toEqual(['toybad']);
    expect(failedHooks(merged(text))).toBeUndefined();
    const hooks = `${text}:: Running post-transaction hooks...\n(1/2) Arming...\n(2/2) Building...\nno room\n${FAILED}`;
    expect(failedHooks(merged(hooks))).toMatch(/^The hook "Building" failed: no room/);
    expect(readFailedScripts(merged(FAILED))).toEqual([]);
  });

  it.each(['6.0-S-apply', '7.0-S-apply', '7.1-S-apply'])('%s: progress that never falls', (name) => {
    const read = progressReader();
    const steps = recorded(name)
      .stdout.split('\n')
      .flatMap((line) => read(line) ?? []);
    expect(steps.map((one) => one.message)).toContain('upgrading toylib');
    const percents = steps.map((one) => one.percent);
    expect(percents.length).toBe(10);
    expect(percents.toSorted((a, b) => a - b)).toEqual(percents);
    expect(percents.at(-1)).toBeLessThanOrEqual(100);
  });

  it.each([
    ['6.0-S-disk-full', 'DISK_FULL', /too full/],
    ['6.0-S-corrupt', 'GPG_ERROR', /is invalid/],
    ['6.0-S-conflict', 'DEPENDENCY_CONFLICT', /in conflict/],
    ['6.0-S-file-conflict', 'DEPENDENCY_CONFLICT', /exists in filesystem/],
    ['6.0-S-file-missing', 'NETWORK_ERROR', /failed retrieving file/],
    ['6.0-S-unknown', 'PKG_NOT_FOUND', /nosuchpkg/],
    ['6.0-R-needed', 'DEPENDENCY_CONFLICT', /breaks dependency/],
    ['6.0-Su-broken', 'DEPENDENCY_CONFLICT', /missing-thing/],
  ])('%s means %s', (name, code, words) => {
    const result = recorded(name);
    const failure = readFailure(result);
    expect([failure.code, failure.words.join(' ')]).toEqual([code, expect.stringMatching(words)]);
    expect(isLockedOut(result)).toBe(false);
  });

  it('is not believed where the script of a package speaks', () => {
    const lie = `${BEGIN}installing toy...\nerror: unable to lock database\nerror: toy: missing required signature\n`;
    const result = merged(`${lie}error: failed to commit transaction (transaction aborted)\n`, 1);
    expect(readFailure(result).code).toBe('PKG_MANAGER_ERROR');
    expect(isLockedOut(result)).toBe(false);
    const locked =
      'error: failed to init transaction (unable to lock database)\nerror: could not lock database: File exists\n';
    expect([isLockedOut(merged(locked, 1)), readFailure(merged(locked, 1)).code]).toEqual([true, 'LOCKED']);
  });

  it('names kept configuration files, and packages without a trusted signature', () => {
    const kept = `${BEGIN}upgrading toyconf...\nwarning: /r/etc/toyconf.conf installed as /r/etc/toyconf.conf.pacnew\n`;
    expect([...readKeptFiles(merged(kept), '/r')]).toEqual([['toyconf', ['/etc/toyconf.conf']]]);
    expect([...readKeptFiles(merged(kept.replace('conf.pacnew', 'other')), '/r')]).toEqual([]);
    const { stdout, stderr } = recorded('6.0-S-corrupt');
    expect(readUntrusted(merged(`${stdout}${stderr}`))).toEqual(['toymulti']);
  });

  it('is a plan, or a refusal in its own words', () => {
    const planned = parsePlan(recorded('6.0-S-replaces'), false);
    expect(planned).toHaveLength(104);
    expect(planned?.filter((one) => one.goes)).toEqual([{ name: 'toyold', version: '1.0-1', goes: true }]);
    expect(planned).toContainEqual({ name: 'toyepoch', version: '1:1.1-1', goes: false });
    expect(parsePlan(merged(' there is nothing to do\n'), false)).toEqual([]);
    expect(parsePlan(merged('Packages (3) toylib-1.1-1  toyapp-2.0-1\n\n'), false)).toBeUndefined();
    for (const [name, words] of [
      ['6.0-Su-broken', /^unable to satisfy dependency 'missing-thing>=9' required by toybroken/],
      ['6.0-S-conflict', /toyclash and toylib are in conflict/],
      ['6.0-R-needed', /removing toylib breaks dependency 'toylib>=1.1' required by toyapp/],
    ] as const)
      expect([name, refusalOf(recorded(name)).reason]).toEqual([name, expect.stringMatching(words)]);
    expect(requiredBy(recorded('6.0-R-needed'))).toEqual(['toyapp']);
    expect(requiredBy(recorded('6.0-S-conflict'))).toEqual([]);
  });

  it('is a list of what waits, and never taken for an empty one', () => {
    const waiting = parseUpgradable(recorded('6.0-Qu'));
    expect(waiting).toContainEqual({ name: 'toyheld', from: '1.0-1', to: '1.1-1', ignored: true });
    expect(parseUpgradable(merged('', 1))).toEqual([]);
    for (const wrong of [
      recorded('6.0-Qu-none'),
      merged('a 1-1 -> 2-1\n', 1),
      merged('note: hello\n'),
      merged('', 255),
    ])
      expect(() => parseUpgradable(wrong)).toThrow(/pacman -Qu/);
  });

  it('is a record of a repository', () => {
    const [own, ...others] = parseRecords(recorded('6.0-Sii').stdout);
    expect(others).toEqual([]);
    expect(own).toMatchObject({ repository: 'lab', name: 'toylib', version: '1.1-1', downloadBytes: 702 });
    expect([parseSize('0.29 MiB'), parseSize('1 parsec'), parseSize(undefined)]).toEqual([
      304_087,
      undefined,
      undefined,
    ]);
  });
});

describe('the database and the log of pacman', () => {
  it('have what is installed, and what was cut off', () => {
    const text = textOf('6.0-local-desc');
    expect(parseEntry('toyapp-1.0-1', text, nothingHeld)).toMatchObject({
      name: 'toyapp',
      version: '1.0-1',
      architecture: 'any',
      sizeBytes: 10,
      source: { name: 'toyapp', version: '1.0-1' },
      held: false,
      broken: false,
      installedAtMs: 1_795_814_818_000,
    });
    expect(parseEntry('toyapp-1.0-1', text, { ...nothingHeld, ignored: ['toy*'] }).held).toBe(true);
    expect(parseEntry('toyapp-1.0-1', undefined, nothingHeld).broken).toBe(true);
    for (const folder of ['toyapp-1.1-1', 'toyapp', 'x'])
      expect(() => parseEntry(folder, text, nothingHeld)).toThrow(/not understood/);
    const log = textOf('6.0-log');
    expect(parseUnfinished(log)).toEqual([]);
    const cut = log.slice(0, log.indexOf('[2026-11-27T21:27:26+0000] [ALPM] warning'));
    expect(parseUnfinished(cut)).toEqual(['toylib', 'toynew', 'toyapp', 'toybad']);
    expect(parseUnmet("error: missing 'toylib>=1.1' dependency for 'toyapp'\n")).toBe(
      'toyapp needs toylib>=1.1',
    );
    expect(parseUnmet('No database errors have been found!\n')).toBeUndefined();
  });

  it('ask for a reboot for what runs from the start of a host', () => {
    for (const name of [
      'linux',
      'linux-lts',
      'glibc',
      'systemd',
      'amd-ucode',
      'linux-firmware-intel',
      'raspberrypi-bootloader',
    ])
      expect([name, asksForReboot(name)]).toEqual([name, true]);
    for (const name of [
      'linux-headers',
      'linux-lts-headers',
      'linux-api-headers',
      'linux-docs',
      'vim',
      'util-linux',
    ])
      expect([name, asksForReboot(name)]).toEqual([name, false]);
  });
});

describe('the configuration of pacman', () => {
  const text =
    '[options]\nDBPath = /db/\nCacheDir = /a/\nCacheDir = /b/\nLogFile = /log\nIgnorePkg = toyheld\nIgnoreGroup = toys\n' +
    '[core]\nUsage = All\nServer = https://user:secret@one.test/core\nServer = https://two.test/core\n[extra]\nUsage = All\n';

  it('is read as pacman-conf prints it', () => {
    const config = parseConfig(text, '/');
    expect(config).toMatchObject({
      databaseFolder: '/db/',
      cacheFolders: ['/a/', '/b/'],
      ignored: ['toyheld'],
      ignoredGroups: ['toys'],
    });
    expect(config.repositories.map((one) => [one.name, one.servers.length])).toEqual([
      ['core', 2],
      ['extra', 0],
    ]);
    expect(parseConfig(text, '/r').databaseFolder).toBe('/r/var/lib/pacman/');
    for (const name of ['../x', '-x', 'a b', ''])
      expect(() => parseConfig(`[options]\n[${name}]\n`, '/')).toThrow(/not understood/);
  });

  it('is told of each repository what became of it, without passwords', () => {
    const { repositories } = parseConfig(text, '/');
    const failed =
      "error: failed retrieving file 'core.db' from one.test : Could not resolve host: one.test\n";
    const stdout = `repository core\n:: Synchronizing\n${failed}error: failed to synchronize all databases\nfailed core\nrepository extra\nrefreshed extra\n2 repositories asked\n`;
    const report = readRefresh(merged(stdout), repositories);
    expect(report).toMatchObject({ healthy: ['extra'], unknown: [] });
    expect(report.failed).toMatchObject([
      { id: 'core', source: 'core (https://one.test/core)', code: 'NETWORK_ERROR' },
    ]);
    const unsigned = recorded('6.0-Sy-db-unsigned');
    const broken = `repository core\n${unsigned.stdout}${unsigned.stderr}failed core\n1 repositories asked\n`;
    expect(readRefresh(merged(broken), repositories).failed).toMatchObject([{ code: 'GPG_ERROR' }]);
    expect(readRefresh(merged('repository core\n'), repositories).unknown).toHaveLength(1);
  });
});

describe('arguments of pacman', () => {
  const change: PacmanChange = {
    what: 'pacman -S',
    operation: '-S',
    options: ['--needed'],
    targets: ['toyhello'],
    allowed: { ignored: true, replaced: true },
    databases: 'installed',
  };

  it('never begin a change where one is only planned', () => {
    for (const args of [planArguments(change), printArguments(change)])
      expect(args.filter((one) => /^--(?:noconfirm|ask)/.test(one))).toEqual([]);
    expect(printArguments(change)).toContain('--print');
  });

  it('say no to what is not allowed, and to keys in any case', () => {
    expect(changeArguments(change)).toEqual([
      '-S',
      '--noconfirm',
      '--ask',
      '64',
      '--needed',
      '--',
      'toyhello',
    ]);
    const plain = { ...change, allowed: { ignored: false, replaced: false } };
    expect(changeArguments(plain)).toContain('67');
  });
});

describe('names and versions of pacman', () => {
  it('are sorted as vercmp of pacman 6.0 does', () => {
    const pairs = readFileSync(PAIRS, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split('\t'));
    expect(pairs.length).toBeGreaterThan(390);
    const wrong = pairs.filter(
      ([a = '', b = '', said]) => Math.sign(comparePacmanVersions(a, b)) !== Number(said),
    );
    expect(wrong).toEqual([]);
    for (const [a, b, order] of [
      ['1.1', '1..a', -1],
      ['1..a', '1.', -1],
      ['1.', '1.1', -1],
      ['1.0', '1.0-5', 0],
    ] as const)
      expect([a, b, Math.sign(comparePacmanVersions(a, b))]).toEqual([a, b, order]);
  });

  it('are told apart', () => {
    expect(splitPackage('toy-keyring-2-1')).toEqual({ name: 'toy-keyring', version: '2-1' });
    expect(splitPackage('[removal]')).toBeUndefined();
    const one = { name: 'gtk4', architecture: 'x86_64' };
    expect(PACMAN_RULES.isNamed(one, 'gtk4:x86_64')).toBe(true);
    expect(PACMAN_RULES.isNamed(one, 'gtk4:i686')).toBe(false);
    expect(PACMAN_RULES.isNamed({ ...one, architecture: 'any' }, 'gtk4:x86_64')).toBe(true);
  });

  it('and anything else that pacman could print ends in an answer or in our error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(255), (text, exitCode) => {
        const result = resultOf(exitCode, text, text);
        const readers = [
          () => parseUpgradable(result),
          () => parsePlan(result, false),
          () => readFailure(result),
          () => readRefresh(result, []),
          () => parseConfig(text, '/'),
          () => parseEntry(text, text, nothingHeld),
          () => parseUnfinished(text),
          () => parseRecords(text),
        ];
        for (const read of readers) {
          try {
            read();
          } catch (error) {
            if (!isPatchError(error)) throw error;
          }
        }
      }),
    );
  });
});
