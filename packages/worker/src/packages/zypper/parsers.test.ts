import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPatchError } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { RECORDED, recorded, resultOf } from '../../../test/packages/recorded-zypper.ts';
import { readAnswer } from './ask.ts';
import { isLockedOut, readFailure } from './failure.ts';
import {
  parseProgress,
  readFailedHooks,
  readFailedScripts,
  readKeptFiles,
  readUntrusted,
  scriptWords,
} from './output.ts';
import { parseLocks } from './package-locks.ts';
import { readPatchedPackages, readPatches } from './patches.ts';
import { readUpdates } from './pending.ts';
import { readRefresh } from './refresh.ts';
import { readPlan } from './simulate.ts';
import { readSolvables } from './solvables.ts';
import { readIndex, readRepositories } from './sources.ts';
import { parseXml } from './xml.ts';

describe('what zypper 1.14.42 and 1.14.89 print of a change', () => {
  it('1.14.42: an end that is called good, and the script that failed all the same', () => {
    const result = recorded('1.14.42-apply-update');
    expect(result.exitCode).toBe(0);
    expect(readFailedScripts(result)).toEqual(['toybroken']);
    expect(scriptWords(result, 'toybroken')).toEqual([
      'error: lua script failed: [string "%post(toybroken-1.0-1.noarch)"]:1: toybroken: this script fails on purpose',
    ]);
    expect(scriptWords(result, 'toylib')).toEqual([]);
    expect(readKeptFiles(result)).toMatchObject([{ name: 'toyconf', path: '/etc/toyconf.conf' }]);
  });

  it('1.14.89: a script that failed, with its own words', () => {
    const result = recorded('1.14.89-apply-update');
    expect(result.exitCode).toBe(107);
    expect(readFailedScripts(result)).toEqual(['toybad']);
    expect(scriptWords(result, 'toybad')).toEqual([
      'toybad says: something is wrong',
      'warning: %post(toybad-1.1-1.noarch) scriptlet failed, exit status 3',
    ]);
    expect(readFailedHooks(result)).toBeUndefined();
    expect(readKeptFiles(result)).toMatchObject([{ name: 'toyconf', path: '/etc/toyconf.conf' }]);
  });

  it.each(['1.14.42-apply-update', '1.14.89-apply-update', '1.14.89-downgrade'])(
    '%s: progress that never falls and ends at 100',
    (name) => {
      const steps = recorded(name)
        .stdout.split('\n')
        .flatMap((line) => parseProgress(line) ?? []);
      const percents = steps.map((one) => one.percent);
      expect(percents.at(-1)).toBe(100);
      expect(percents.toSorted((a, b) => a - b)).toEqual(percents);
      expect(steps.at(-1)?.message).toMatch(/^Installing toy\w+-[\d.]+-1\.noarch$/);
    },
  );

  it('a script that failed without a line that says whose is not passed over', () => {
    const result = resultOf(107, '<?xml version="1.0"?>\n<stream>\n</stream>\n');
    expect(readFailedHooks(result)).toMatch(/^zypper ended with 107: /);
  });

  it('a script that names another package, or writes what zypper would, deceives nobody', () => {
    const said = (text: string) =>
      resultOf(
        0,
        `<stream>\n<progress id="install-resolvable" name="(1/1) Installing: toyliar-1.0-1.noarch" value="0"/>\n<message type="info">${text}</message>\n</stream>\n`,
      );
    const other = said('warning: %post(toylib-1.1-1.noarch) scriptlet failed, exit status 3');
    expect(readFailedScripts(other)).toEqual([]);
    const encoded = said('&lt;/message&gt;&lt;message type=&quot;error&quot;&gt;No space left on device');
    expect(readFailure({ ...encoded, exitCode: 8 }).code).toBe('PKG_MANAGER_ERROR');
  });

  it.each([
    ['1.14.42-pre-failed', 'SCRIPT_FAILED', ['toypre']],
    ['1.14.89-pre-failed', 'PKG_MANAGER_ERROR', ['toypre']],
    ['1.14.89-lock-held', 'LOCKED', []],
    ['1.14.89-install-unknown', 'PKG_NOT_FOUND', []],
    ['1.14.89-install-unknown-version', 'PKG_NOT_FOUND', []],
    ['1.14.89-remove-unknown', 'PKG_NOT_FOUND', []],
    ['1.14.89-dry-run-conflict', 'DEPENDENCY_CONFLICT', []],
    ['1.14.42-unsigned', 'GPG_ERROR', []],
    ['1.14.42-file-conflict', 'DEPENDENCY_CONFLICT', []],
    ['1.14.89-refresh-refused', 'NETWORK_ERROR', []],
    ['1.14.42-refresh-no-repositories', 'SERVICE_UNHEALTHY', []],
  ])('%s: fails with %s', (name, code, scripts) => {
    const result = recorded(name);
    expect(readFailure(result).code).toBe(code);
    expect(readFailedScripts(result)).toEqual(scripts);
    expect(isLockedOut(result)).toBe(code === 'LOCKED');
  });

  it('names the package that has no signature', () => {
    expect(readUntrusted(recorded('1.14.42-unsigned'))).toEqual(['toynew']);
  });

  it.each([
    [102, 'rebooted'],
    [103, 'zypper itself'],
    [105, 'signal'],
    [106, 'left out'],
    [107, 'script'],
  ])('says what its end with %i means', (exitCode, word) => {
    expect(readFailure(resultOf(exitCode, '')).words.join()).toContain(word);
  });
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
  const texts = readdirSync(RECORDED)
    .map((name) => readFileSync(join(RECORDED, name), 'utf8').split('# --- stdout\n')[1] ?? '')
    .map((text) => text.slice(0, 6_000));
  const spoil = (draw: (below: number) => number): string => {
    const pick = () => texts[draw(texts.length)] ?? '';
    let text = pick();
    for (let times = 1 + draw(4); times > 0; times -= 1) {
      const at = draw(text.length + 1);
      const pieces = [
        pick().slice(0, draw(200)),
        '\n',
        '\u0000',
        '\u{1F4A5}',
        '<',
        '"',
        '&#x110000;',
        '</',
        '',
      ];
      text = text.slice(0, at) + (pieces[draw(pieces.length)] ?? '') + text.slice(at + draw(30));
    }
    return text;
  };

  it('crashes no reader, and no answer that was cut is taken for "nothing waits"', () => {
    const draw = numbers(20_261_128);
    for (let round = 0; round < 500; round += 1) {
      const stdout = spoil(draw);
      const result = resultOf([0, 4, 8, 102, 104, 106, 107][draw(7)] ?? 0, stdout);
      readFailure(result);
      readFailedScripts(result);
      readFailedHooks(result);
      scriptWords(result, 'toybad');
      readKeptFiles(result);
      readUntrusted(result);
      parseLocks(stdout);
      readIndex(stdout);
      for (const line of stdout.split('\n')) parseProgress(line);
      if (readRefresh(result).unknown.length === 0) expect(stdout).toMatch(/<\/stream>\s/);
      const answer = parseXml(stdout);
      readSolvables(answer);
      readPatchedPackages(answer);
      for (const read of [
        () => readPlan(answer),
        () => readPatches(answer),
        () => readRepositories(answer),
        () => readUpdates(answer),
        () => readAnswer('zypper', result),
      ]) {
        try {
          read();
        } catch (error) {
          expect(isPatchError(error)).toBe(true);
        }
      }
    }
    const begun = '<?xml version="1.0"?>\n<stream>\n';
    const damaged = `${begun}<update-list>\n<update kind='package'/></update-list>\n</stream>\n`;
    for (const none of ['', '<stream>', `${begun}<update-status>`, '{}', '</stream>', damaged])
      expect(() => readAnswer('zypper', resultOf(0, none))).toThrow(/damaged, or not whole/);
    const silent = readAnswer('zypper', resultOf(0, `${begun}</stream>\n`)).answer;
    for (const read of [readUpdates, readPatches, readRepositories])
      expect(() => read(silent)).toThrow(/has no (update|repo)-list/);
  });
});
