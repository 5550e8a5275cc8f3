import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobResult } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PackageManager } from '../../worker/src/package-interface/package-manager.ts';
import { everything, quietRun, toy } from './apt-bench.ts';
import { ownBench, versions } from './own-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function expectHealth({ health }: PackageManager, expected: RegExp): Promise<void> {
  expect((await health(new AbortController().signal)).words).toMatch(expected);
}

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
      { name: 'toya', action: 'upgraded', version_before: '1', version_after: '2', security: false },
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
      { name: 'toya', action: 'upgraded', version_before: '1', version_after: '2', security: false },
      {
        name: 'toybroken',
        action: 'failed',
        version_before: '1',
        version_after: '2',
        security: false,
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
