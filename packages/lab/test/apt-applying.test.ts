import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobResult } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PackageManager } from '../../worker/src/packages/package-manager.ts';
import { openOn, quietRun } from './apt-bench.ts';
import { ownBench } from './own-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const everything = { selection: { kind: 'all' as const }, exclude: [] };
const security = { selection: { kind: 'security' as const }, exclude: [] };
const named = (...names: string[]) => ({
  selection: { kind: 'names' as const, names, securityOnly: false },
  exclude: [],
});

async function versions({ inventory }: PackageManager): Promise<Record<string, string>> {
  return Object.fromEntries((await inventory.listPackages()).map((one) => [one.name, one.version]));
}

async function expectHealth({ health }: PackageManager, expected: RegExp): Promise<void> {
  expect((await health(new AbortController().signal)).words).toMatch(expected);
}

const toy = (name: string, version = '1', more: { depends?: string; postinst?: string } = {}) => ({
  name,
  version,
  ...more,
});

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
    expect(await packages.operations.refresh(quietRun())).toEqual([]);
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

describe('settings of the host', () => {
  const CONF = '/etc/toyconf.conf';
  const conf = (version: string, colour: string) => ({
    ...toy('toyconf', version),
    files: { [CONF]: `colour = ${colour}\n` },
    conffiles: [CONF],
  });

  it('never change what a job does: orphans stay, edited files stay, updates go in', async () => {
    const { packages, apt, root } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toyorphan'), conf('1', 'red')],
      next: [toy('toya', '2'), toy('toyneeded', '1'), conf('2', 'blue')],
    });
    await apt.run('apt-mark', ['auto', 'toyorphan']);
    await writeFile(join(root, CONF), 'colour = mine\n');
    const settings = [
      'APT::Get::AutomaticRemove "true";',
      'APT::Get::Assume-No "true";',
      'APT::Get::Download-Only "true";',
      'APT::Get::Print-URIs "true";',
      'APT::Get::Simulate "true";',
      'APT::Get::Remove "false";',
      'APT::Get::ReInstall "true";',
      'APT::Get::Purge "true";',
      'APT::Get::Trivial-Only "true";',
      'APT::Get::Download "false";',
      'APT::Get::Upgrade "false";',
      'Debug::pkgDPkgPM "true";',
      'quiet "2";',
      'Dpkg::Options:: "--force-confnew";',
      'Dpkg::Use-Pty "true";',
      '',
    ];
    await writeFile(join(root, 'etc/apt/apt.conf.d/99hostile'), settings.join('\n'));
    const outcome = await packages.operations.applyPatches(everything, quietRun());
    expect(outcome).toMatchObject({ left: [], warnings: [], exitCode: 0 });
    expect(outcome.results.map((one) => [one.name, one.kept_files])).toEqual([
      ['toya', undefined],
      ['toyconf', [CONF]],
    ]);
    expect(await versions(packages)).toEqual({ toya: '2', toyconf: '2', toyorphan: '1' });
    expect(await readFile(join(root, CONF), 'utf8')).toBe('colour = mine\n');
    const gone = await packages.operations.remove({ name: 'toya', purge: false, force: false }, quietRun());
    expect(gone.results.map((one) => [one.name, one.action])).toEqual([['toya', 'removed']]);
  });

  it('that prefer an older version bring nothing back, and do not block the rest', async () => {
    const { packages, apt, root } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toyb')],
      next: [toy('toya', '2'), toy('toyb', '2')],
    });
    await apt.install(['toyb=2']);
    await writeFile(
      join(root, 'etc/apt/preferences.d/back'),
      'Package: toyb\nPin: version 1\nPin-Priority: 1001\n',
    );
    await packages.operations.applyPatches(everything, quietRun());
    expect(await versions(packages)).toEqual({ toya: '2', toyb: '2' });
  });

  it('that hide a security update are named', async () => {
    const { packages, root } = await ownBench(folder.path, {
      old: [toy('toya')],
      security: [toy('toya', '1+u1')],
    });
    await writeFile(
      join(root, 'etc/apt/preferences.d/hide'),
      'Package: *\nPin: release n=bookworm-security\nPin-Priority: 50\n',
    );
    expect(await packages.operations.applyPatches(security, quietRun())).toMatchObject({
      exitCode: null,
      left: [{ name: 'toya', version: '1+u1', security: true, reason: expect.stringContaining('a pin or') }],
    });
    await expect(packages.operations.applyPatches(named('toya'), quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringMatching(/^Nothing was changed\. Left out: security update toya 1\+u1/),
    });
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
      { name: 'toya', action: 'upgraded', version_before: '1', version_after: '1+u1' },
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

describe('another package that is half configured', () => {
  const BROKEN = 'echo "reading the answer of the moon"\necho "toybroken: no moon tonight" >&2\nexit 3';

  it('fails no job that did what it was asked, which names it with the last words of its script', async () => {
    const { packages } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toybroken', '1', { postinst: BROKEN })],
      next: [toy('toya', '2')],
      installed: ['toya'],
    });
    const { operations } = packages;
    const wish = { onlyUpgrade: false, force: false, noRecommends: false, allowDowngrade: false };
    await expect(
      operations.install({ ...wish, packages: [{ name: 'toybroken' }] }, quietRun()),
    ).rejects.toMatchObject({
      code: 'SCRIPT_FAILED',
      message: expect.stringMatching(
        /^toybroken is not configured: reading the answer of the moon \/ toybroken: no moon tonight \/ installed toybroken package post-installation script subprocess returned error exit status 3\. "dpkg --audit"/,
      ),
    });
    const outcome = await operations.applyPatches(everything, quietRun());
    expect(outcome.results).toEqual([
      { name: 'toya', action: 'upgraded', version_before: '1', version_after: '2' },
    ]);
    expect(outcome.warnings).toEqual([
      expect.stringMatching(
        /^Not of this job, and so before it: toybroken is not configured: .*no moon tonight/,
      ),
    ]);
    expect(await packages.inventory.isDatabaseClean()).toBe(false);
    await expectHealth(packages, /^not configured: toybroken \(dpkg --audit\)$/);
    const gone = await operations.remove({ name: 'toya', purge: false, force: false }, quietRun());
    expect(gone.warnings).toHaveLength(1);
  });

  it('that breaks in this very job fails it, and the job tells what it did before', async () => {
    const { packages } = await ownBench(folder.path, {
      old: [toy('toya'), toy('toybroken')],
      next: [toy('toya', '2'), toy('toybroken', '2', { postinst: BROKEN })],
    });
    let told: readonly JobResult[] = [];
    const run = quietRun({ onChanged: (results) => void (told = results) });
    await expect(packages.operations.applyPatches(everything, run)).rejects.toMatchObject({
      code: 'SCRIPT_FAILED',
      message: expect.stringMatching(/^toya 2 upgraded\. toybroken is not configured: .*no moon tonight/),
    });
    expect(told).toEqual([
      { name: 'toya', action: 'upgraded', version_before: '1', version_after: '2' },
      {
        name: 'toybroken',
        action: 'failed',
        version_before: '1',
        version_after: '2',
        error_code: 'SCRIPT_FAILED',
      },
    ]);
  });

  it('or a hook of apt.conf that fails afterwards is a warning', async () => {
    const { packages, root } = await ownBench(folder.path, { old: [toy('toya')], next: [toy('toya', '2')] });
    await writeFile(join(root, 'etc/apt/apt.conf.d/99hook'), 'DPkg::Post-Invoke { "exit 7"; };\n');
    expect(await packages.operations.applyPatches(everything, quietRun())).toMatchObject({
      results: [{ name: 'toya', version_after: '2' }],
      warnings: [expect.stringContaining('Problem executing scripts DPkg::Post-Invoke')],
    });
  });
});

describe('dependencies that are not met', () => {
  async function needy(missing: readonly { name: string; version: string }[]) {
    const own = await ownBench(folder.path, {
      old: [toy('toya'), toy('toyneedy', '1', { depends: 'toymissing' })],
      next: [toy('toya', '2'), ...missing],
      installed: ['toya'],
    });
    const path = (await readdir(own.repository, { recursive: true })).find((one) =>
      /toyneedy.*deb$/.test(one),
    );
    const deb = join(own.repository, path ?? '');
    // Installed in full, so that dpkg itself finds nothing wrong.
    const installed = await own.apt.run('dpkg', ['--root', own.root, '--force-depends', '--install', deb]);
    expect(installed.exitCode).toBe(0);
    return own;
  }

  it('are no clean database, and health says so', async () => {
    const { packages, root } = await needy([]);
    expect(await packages.inventory.isDatabaseClean()).toBe(false);
    await expectHealth(packages, /^dependencies are not met: toyneedy : Depends: toymissing/);
    // What apt cannot read is another matter, and keeps no job from what it may still do.
    await writeFile(join(root, 'etc/apt/sources.list.d/bad.list'), 'deb [nonsense\n');
    await expect(packages.inventory.isDatabaseClean()).rejects.toMatchObject({ code: 'PKG_MANAGER_ERROR' });
    const lines: string[] = [];
    expect(await packages.operations.repair(quietRun({ onLine: (line) => lines.push(line) }))).toBe(false);
    expect(lines.join('\n')).toContain('Malformed entry');
  });

  it('are met by the repair, when a source has what is missing', async () => {
    const { packages } = await needy([toy('toymissing')]);
    expect(await packages.operations.repair(quietRun())).toBe(true);
    expect(await versions(packages)).toMatchObject({ toymissing: '1', toyneedy: '1' });
    expect(await packages.operations.repair(quietRun())).toBe(false);
  });

  it('keep everything else out when none has, and repair and job say why and what to do', async () => {
    const { packages } = await needy([]);
    const lines: string[] = [];
    expect(await packages.operations.repair(quietRun({ onLine: (line) => lines.push(line) }))).toBe(false);
    expect(lines.join('\n')).toMatch(/Dependencies stay unmet: toyneedy : Depends: toymissing but it is not/);
    await expect(packages.operations.applyPatches(everything, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringMatching(
        /^Nothing was changed: .*toyneedy : Depends: toymissing.*--fix-broken install/,
      ),
    });
    await packages.operations.remove({ name: 'toyneedy', purge: true, force: false }, quietRun());
    await packages.operations.applyPatches(everything, quietRun());
    expect((await versions(packages)).toya).toBe('2');
  });
});
