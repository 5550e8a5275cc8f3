import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobResult } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everything, openOn, quietRun, toy } from './apt-bench.ts';
import { named, ownBench, security, versions } from './own-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('one update that apt refuses', () => {
  it('stays with its reason, and the rest goes in', async () => {
    const { packages } = await ownBench(folder.path, {
      old: ['toya', 'toydoor', 'toykept', 'toyz']
        .map((name) => toy(name))
        .concat([toy('toykey', '1', { depends: 'toydoor (= 1)' })]),
      next: [
        toy('toya', '2'),
        toy('toydoor', '2'),
        toy('toykept', '2', { depends: 'toynowhere' }),
        toy('toyz', '2'),
      ],
    });
    const outcome = await packages.operations.applyPatches(everything, quietRun());
    expect(outcome.left).toEqual([
      {
        name: 'toydoor',
        current: '1',
        version: '2',
        security: false,
        asked: false,
        why: 'refused',
        reason: 'toykey would have to be removed',
        removals: ['toykey'],
        code: 'DEPENDENCY_CONFLICT',
      },
      expect.objectContaining({
        name: 'toykept',
        reason: 'toykept : Depends: toynowhere but it is not installable',
      }),
    ]);
    expect(outcome.results).toContainEqual({
      name: 'toydoor',
      action: 'unchanged',
      version_before: '1',
      version_after: '1',
      reason: 'update 2 left out: toykey would have to be removed',
      error_code: 'DEPENDENCY_CONFLICT',
    });
    expect(await versions(packages)).toMatchObject({ toya: '2', toyz: '2', toydoor: '1', toykept: '1' });
  });

  it('is no success when it was named, though the others that were named go in', async () => {
    const { packages, apt } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toyheld'), toy('toykept')],
      next: [toy('toya', '2'), toy('toyheld', '2'), toy('toykept', '2', { depends: 'toynowhere' })],
    });
    await apt.run('apt-mark', ['hold', 'toyheld']);
    let told: readonly JobResult[] = [];
    const run = quietRun({ onChanged: (results) => void (told = results) });
    await expect(
      packages.operations.applyPatches(named('toya', 'toyheld', 'toykept', 'toynowhere'), run),
    ).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringMatching(
        /^toya 2 upgraded\. Left out: toyheld 2 \(held on this host.*toykept 2 \(toykept : Depends: toynowhere.*toynowhere \(not installed/,
      ),
    });
    expect(told.map((one) => [one.name, one.action])).toEqual([
      ['toya', 'upgraded'],
      ['toyheld', 'unchanged'],
      ['toykept', 'unchanged'],
      ['toynowhere', 'unchanged'],
    ]);
    expect((await versions(packages)).toya).toBe('2');
  });

  it('because no trusted source has it stays, be it a dependency, and the rest goes in', async () => {
    const { packages, root, repository } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toyb'), toy('toyc')],
      next: [toy('toya', '2'), toy('toyb', '2', { depends: 'toynew' })],
    });
    const other = await ownBench(folder.path, {
      old: [toy('toyc', '9'), toy('toynew', '1')],
      installed: [],
    });
    const plain = `${repository}-plain`;
    await cp(other.repository, plain, { recursive: true });
    for (const name of ['InRelease', 'Release.gpg']) await rm(join(plain, 'dists/bookworm', name));
    await writeFile(
      join(root, 'etc/apt/sources.list.d/plain.list'),
      `deb [allow-insecure=yes] file:${plain} bookworm main\n`,
    );
    expect((await packages.operations.refresh(quietRun())).failed).toEqual([]);
    const { left } = await packages.operations.applyPatches(everything, quietRun());
    expect(left).toMatchObject([
      { name: 'toyb', code: 'GPG_ERROR', reason: 'no source that apt trusts has toynew 1' },
      { name: 'toyc', code: 'GPG_ERROR', reason: 'no source that apt trusts has toyc 9' },
    ]);
    expect(await versions(packages)).toEqual({ toya: '2', toyb: '1', toyc: '1' });
    await expect(packages.operations.applyPatches(named('toyc'), quietRun())).rejects.toMatchObject({
      code: 'GPG_ERROR',
    });
  });

  it('because it cannot be downloaded does not keep the others out, and the job says so in the end', async () => {
    const { packages, repository } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toyb'), toy('toys')],
      next: [toy('toya', '2'), toy('toyb', '2')],
      security: [toy('toys', '1+u1')],
    });
    await rm(join(repository, 'pool/bookworm/toya_2_all.deb'));
    await rm(join(repository, 'pool/bookworm-security/toys_1+u1_all.deb'));
    let told: readonly JobResult[] = [];
    const run = quietRun({ onChanged: (results) => void (told = results) });
    await expect(packages.operations.applyPatches(everything, run)).rejects.toMatchObject({
      code: 'NETWORK_ERROR',
      message: expect.stringMatching(
        /^toyb 2 upgraded\. Left out: security update toys 1\+u1 \(could not be downloaded: File not found.*toya 2 \(could/,
      ),
    });
    expect(told.map((one) => [one.name, one.version_after])).toEqual([
      ['toya', '1'],
      ['toyb', '2'],
      ['toys', '1'],
    ]);
  });
});

describe('updates that stay by themselves', () => {
  it('are named with their reasons, those of security first', async () => {
    const { packages, apt } = await ownBench(folder.path, {
      old: ['toyheld', 'toykept', 'toyphased', 'toyvictim'].map((name) => toy(name)),
      next: [{ ...toy('toyphased', '2'), phasedPercentage: 0 }, toy('toyheld', '2')],
      security: [toy('toykept', '1+u1', { depends: 'toynowhere' }), toy('toyvictim', '1+u1')],
    });
    await apt.run('apt-mark', ['hold', 'toyheld', 'toyvictim']);
    const { results, left } = await packages.operations.applyPatches(everything, quietRun());
    expect(left?.map((one) => [one.name, one.security, one.reason])).toEqual([
      ['toykept', true, 'toykept : Depends: toynowhere but it is not installable'],
      ['toyvictim', true, expect.stringContaining('held on this host')],
      ['toyheld', false, expect.stringContaining('held on this host')],
      ['toyphased', false, expect.stringContaining('given to 0 % of machines')],
    ]);
    expect(results.map((one) => one.action)).toEqual(Array(4).fill('unchanged'));
    const only = await packages.operations.applyPatches(security, quietRun());
    expect(only.left?.map((one) => one.name)).toEqual(['toykept', 'toyvictim']);
  });

  it('are none when everything is as asked for', async () => {
    const { packages } = await ownBench(folder.path, { old: [toy('toya')] });
    const nothing = { results: [], left: [], exitCode: null };
    expect(await packages.operations.applyPatches(everything, quietRun())).toEqual(nothing);
    expect(await packages.operations.applyPatches(named('toya'), quietRun())).toEqual(nothing);
  });

  it('of security come in in exactly the version of the security archive', async () => {
    const { packages } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toyb')],
      next: [toy('toya', '1+u2'), toy('toyb', '2')],
      security: [toy('toya', '1+u1')],
    });
    const { results } = await packages.operations.applyPatches(security, quietRun());
    expect(results).toEqual([
      { name: 'toya', action: 'upgraded', version_before: '1', version_after: '1+u1', security: true },
    ]);
    await packages.operations.applyPatches(everything, quietRun());
    expect(await versions(packages)).toEqual({ toya: '1+u2', toyb: '2' });
  });
});

describe('an update by name', () => {
  const plain = { onlyUpgrade: true, force: false, noRecommends: false, allowDowngrade: false };

  it('that apt leaves as it is is no success', async () => {
    const { root } = await ownBench(folder.path, { old: [toy('toya')], next: [toy('toya', '2')] });
    // An apt that changes nothing and ends well, as a wrapper or a hook may make it.
    const { operations } = await openOn(root, (commands) => ({
      run: (command) =>
        commands.run({
          ...command,
          args: command.args.flatMap((one) => (one === '-y' ? ['-y', '-s'] : [one])),
        }),
    }));
    await expect(
      operations.install({ ...plain, packages: [{ name: 'toya' }] }, quietRun()),
    ).rejects.toMatchObject({ message: expect.stringContaining('toya is at 1, not at 2') });
  });
});
