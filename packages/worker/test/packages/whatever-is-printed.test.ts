import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isPatchError } from '@linux-patch/contract';
import type { CommandResult } from '@linux-patch/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDepends, parseStanza } from '../../src/packages/apt/detail.ts';
import { isLockedOut, readFailure } from '../../src/packages/apt/failure.ts';
import { parseInstalled } from '../../src/packages/apt/installed.ts';
import { parseStatusLine, readNotDownloaded, readUntrusted } from '../../src/packages/apt/output.ts';
import { parseOwners, readKeptFiles, readReinstalled } from '../../src/packages/apt/particulars.ts';
import { findPending } from '../../src/packages/apt/pending.ts';
import { parsePolicy } from '../../src/packages/apt/policy.ts';
import { readRefusal } from '../../src/packages/apt/refusal.ts';
import { parseSimulation, parseTaken } from '../../src/packages/apt/simulate.ts';
import { parseUpdate } from '../../src/packages/apt/source-failures.ts';
import { parseReleaseHead, parseTargets } from '../../src/packages/apt/sources.ts';
import { parseSettings } from '../../src/packages/apt/state-key.ts';
import { parseAdvisories } from '../../src/packages/dnf/five/advisories.ts';
import { isNoise, readDnf5Failure } from '../../src/packages/dnf/five/failure.ts';
import {
  parseDnf5Progress,
  readDnf5FailedScripts,
  readDnf5Said,
  readDnf5Untrusted,
} from '../../src/packages/dnf/five/output.ts';
import { parsePlan } from '../../src/packages/dnf/five/plan.ts';
import { readDnf5Refresh } from '../../src/packages/dnf/five/refresh.ts';
import { parsePackages } from '../../src/packages/dnf/five/repoquery.ts';
import { parseSources } from '../../src/packages/dnf/five/sources.ts';
import { parseLockList } from '../../src/packages/dnf/five/version-locks.ts';

/** More of them for whoever looks for a fault (`FUZZ_RUNS`). */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400);
const OPTIONS = { numRuns: RUNS, seed: 20_261_201 };

const DNF5 = resolve(import.meta.dirname, '../recorded/dnf');
const RECORDED = readdirSync(DNF5)
  .filter((name) => name.startsWith('5.'))
  .map((name) => readFileSync(join(DNF5, name), 'utf8'));

/** As apt-cache 2.6.1 prints it. */
const POLICY = ['toyapp', 'toylib:i386', 'toyconf']
  .flatMap((name) => [
    `${name}:`,
    '  Installed: 1.0-1',
    '  Candidate: 1.1-1',
    '  Version table:',
    '     1.1-1 500 (phased 10%)',
    '        500 file:/r bookworm/main amd64 Packages',
    ' *** 1.0-1 100',
    '        100 /var/lib/dpkg/status',
    '',
  ])
  .join('\n')
  .replaceAll('\n\n', '\n');
/** As dpkg-query 1.21.22 prints it. */
const INSTALLED = ['toyapp\t1.0-1\tamd64', 'toylib\t1.0-1\ti386', 'toyconf\t1.0-1\tall']
  .map((one) => `${one}\tii \t12\ttoy\t1.0-1\ta toy\n`)
  .join('');
const APT = [
  POLICY,
  INSTALLED,
  'Remv toykey [1] [toydoor:amd64 ]\nPurg toyold:i386 [1.0]\nInst toynew (1:2.0 A:stable [all])\nConf toynew (1:2.0 A:stable [all])\n',
  'Err:1 http://d.test b InRelease\n  404  Not Found [IP: 127.0.0.1 80]\nE: The repository is not signed.\n',
  'Package: toyapp\nDepends: toylib (>= 1.0), a | b\nDescription: a toy\n of two lines\n',
  'Origin: Debian\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n',
];

/** A text that was printed, and what may become of it on its way: cut, doubled, mixed with others, with strange bytes. */
function spoiled(texts: readonly string[]): fc.Arbitrary<string> {
  const cut = fc.record({ text: fc.constantFrom(...texts), from: fc.nat(2_000), length: fc.nat(2_000) });
  const piece = fc.oneof(
    {
      weight: 4,
      arbitrary: cut.map(({ text, from, length }) => text.slice(from % text.length).slice(0, length)),
    },
    { weight: 2, arbitrary: fc.constantFrom(...texts) },
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('\n', '\t', '\0', '\u001b[31m', ': ', ' [', '\u202e', '\x1e', '\x1f', '{', '"'),
  );
  return fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
}

function resultOf(exitCode: number, stdout: string, stderr: string): CommandResult {
  return { exitCode, signal: null, stdout, stderr, timedOut: false, aborted: false, durationMs: 1 };
}

/** Each ends in an answer, or in an error that says it. */
function endsWell(readers: readonly (() => unknown)[]): void {
  for (const read of readers) {
    try {
      read();
    } catch (error) {
      if (!isPatchError(error)) throw error;
    }
  }
}

describe('whatever apt and dpkg print', () => {
  it('ends in an answer or in our error', () => {
    const texts = spoiled(APT);
    fc.assert(
      fc.property(texts, texts, fc.nat(255), (text, stderr, exitCode) => {
        const result = resultOf(exitCode, text, stderr);
        endsWell([
          () => parseStanza(text),
          () => parseDepends(text),
          () => parseInstalled(text),
          () => text.split('\n').map(parseStatusLine),
          () => parsePolicy(text),
          () => parseSimulation(text, 'amd64'),
          () => parseTaken(text),
          () => parseReleaseHead(text),
          () => parseTargets(text),
          () => parseSettings(text),
          () => parseOwners(text),
          () => parseUpdate(result),
          () => readFailure(result),
          () => isLockedOut(result),
          () => readNotDownloaded(result)('toyapp'),
          () => readUntrusted(result),
          () => readReinstalled(result),
          () => readKeptFiles(result),
          () => readRefusal(result),
        ]);
      }),
      OPTIONS,
    );
  });

  it('is never taken for "nothing waits" where something does: what is cut is told from what is not there', () => {
    const installed = parseInstalled(INSTALLED);
    const pending = (policy: string) =>
      findPending({ installed, policy: parsePolicy(policy), sources: [] }).updates.map(
        (one) => one.newVersion,
      );
    const all = ['1.1-1', '1.1-1', '1.1-1'];
    expect(pending(POLICY)).toEqual(all);
    const lines = POLICY.split('\n');
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.nat(lines.length), (from, length) => {
        let found: string[] | undefined;
        endsWell([
          () => {
            found = pending([...lines.slice(0, from), ...lines.slice(from + length)].join('\n'));
          },
        ]);
        // A list of a version that is missing costs no update.
        if (found !== undefined) expect(found).toEqual(all);
      }),
      { ...OPTIONS, numRuns: Math.max(RUNS, 1_000) },
    );
  });
});

describe('whatever dnf 5 prints', () => {
  it('ends in an answer or in our error', () => {
    const texts = spoiled(RECORDED);
    fc.assert(
      fc.property(texts, texts, fc.constantFrom(0, 1, 2, 100), (text, stderr, exitCode) => {
        const result = resultOf(exitCode, text, stderr);
        endsWell([
          () => parseAdvisories(text),
          () => parsePlan(result),
          () => parsePackages(['name', 'evr'], text),
          () => parseSources(text),
          () => parseLockList(text),
          () => readDnf5Refresh(result),
          () => readDnf5Failure(result),
          () => readDnf5FailedScripts(result),
          () => readDnf5Untrusted(result),
          () => readDnf5Said(result),
          () => text.split('\n').map((line) => [isNoise(line), parseDnf5Progress(line)]),
        ]);
      }),
      OPTIONS,
    );
  });

  it('is never a plan with fewer steps than there are', () => {
    const plan =
      RECORDED.find((text) => text.includes('Transaction Summary:') && text.includes('--assumeno')) ?? '';
    const [, stdout = '', stderr = ''] = /--- stdout\n([^]*)# --- stderr\n([^]*)/.exec(plan) ?? [];
    const whole = parsePlan(resultOf(1, stdout, stderr));
    expect(whole.coming.length).toBeGreaterThan(0);
    const lines = stdout.split('\n');
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.nat(lines.length), (from, length) => {
        let found: typeof whole | undefined;
        endsWell([
          () => {
            found = parsePlan(
              resultOf(1, [...lines.slice(0, from), ...lines.slice(from + length)].join('\n'), stderr),
            );
          },
        ]);
        if (found !== undefined) expect(found).toEqual(whole);
      }),
      { ...OPTIONS, numRuns: Math.max(RUNS, 1_000) },
    );
  });
});
