import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RpmRepository } from '../src/rpm/repository.ts';
import { everything, plainWish, quietRun } from './apt-bench.ts';
import { dnfBench, updatedRpmRepository } from './dnf-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: RpmRepository;

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await updatedRpmRepository(join(folder.path, 'repository'));
}, 600_000);
afterAll(async () => {
  await repository[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const waiting = { signal: new AbortController().signal, limitMs: 60_000 };

/** What a killed transaction leaves: the newer version is there, and the older was not taken away. */
const UNFINISHED = ['--justdb', '--nodeps', '--noscripts', '--force', '--ignorearch', '--nosignature'];

describe('the dnf adapter on a real private root', { timeout: 600_000 }, () => {
  const bench = (...installed: string[]) => dnfBench(folder.path, installed, repository);

  it('takes what fits, and names what cannot be satisfied with the words of dnf', async () => {
    const { packages } = await bench('toyhello', 'toystuck', 'toyepoch');
    const { results, left } = await packages.operations.applyPatches(everything, quietRun());
    expect(results.map((one) => [one.name, one.action, one.version_after])).toEqual([
      ['toyepoch', 'upgraded', '1:1.1-1'],
      ['toyhello', 'upgraded', '1.1-1'],
      ['toystuck', 'unchanged', '1.0-1'],
    ]);
    expect(left).toMatchObject([
      {
        name: 'toystuck',
        reason: expect.stringContaining('nothing provides toynowhere needed by toystuck-1.1-1'),
      },
    ]);
  });

  it('says that a script failed before the package was unpacked, and what came in all the same', async () => {
    const { packages } = await bench('toypre', 'toyhello');
    const changed: unknown[] = [];
    const run = quietRun({ onChanged: (results) => void changed.push(...results) });
    await expect(packages.operations.applyPatches(everything, run)).rejects.toMatchObject({
      code: 'SCRIPT_FAILED',
      message: expect.stringMatching(
        /toypre was not completed: .*this script fails on purpose.*Error in PREIN scriptlet/s,
      ),
    });
    expect(changed).toMatchObject([
      { name: 'toyhello', action: 'upgraded' },
      { name: 'toypre', action: 'failed', version_after: '1.0-1' },
    ]);
  });

  it('counts what an installation replaces as a removal that nobody named', async () => {
    const { packages } = await bench('toyold');
    const wish = { ...plainWish, packages: [{ name: 'toynew' }] };
    await expect(packages.operations.install(wish, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      details: { removals: ['toyold'] },
    });
    const { results } = await packages.operations.install({ ...wish, allowRemovals: true }, quietRun());
    expect(results.map((one) => [one.name, one.action])).toEqual([
      ['toynew', 'installed'],
      ['toyold', 'removed'],
    ]);
  });

  it('names a conflict and changes nothing', async () => {
    const { packages } = await bench('toyhello');
    const wish = { ...plainWish, packages: [{ name: 'toyclash' }] };
    await expect(packages.operations.install(wish, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringContaining('toyclash-1.0-1.noarch conflicts with toyhello'),
    });
  });

  it('refuses a purge in one sentence', async () => {
    const { packages } = await bench('toyhello');
    const removal = { name: 'toyhello', purge: true, force: false };
    await expect(packages.operations.remove(removal, quietRun())).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(/^dnf cannot purge: /),
    });
  });

  it('takes a name with a dot for a name, and one with an architecture for that', async () => {
    const { packages } = await bench('toydot1.1');
    const { operations } = packages;
    const names = ['toyhello.noarch', 'toyconf:noarch'].map((name) => ({ name, version: '1.0-1' }));
    const { results } = await operations.install({ ...plainWish, packages: names }, quietRun());
    expect(results.map((one) => [one.name, one.version_after])).toEqual([
      ['toyconf', '1.0-1'],
      ['toyhello', '1.0-1'],
    ]);
    await operations.remove({ name: 'toydot1.1', purge: false, force: false }, quietRun());
    expect((await packages.inventory.listPackages()).map((one) => one.name)).toEqual(['toyconf', 'toyhello']);
  });

  it('finds what a transaction left that was cut off, and repairs it before the next job', async () => {
    const { packages, dnf, root } = await bench('toyhello');
    const file = join(repository.partFolder('updates'), 'toyhello-1.1-1.noarch.rpm');
    await dnf.rpm('--install', ...UNFINISHED, file);
    expect((await dnf.dnf('check')).stdout).toContain('is a duplicate with');
    expect(await packages.inventory.isDatabaseClean()).toBe(false);
    expect(await packages.operations.repair(quietRun())).toBe(true);
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
    const [own] = await packages.inventory.listPackages();
    expect(own?.version).toBe('1.1-1');
    expect(await readFile(join(root, 'usr/share/toyhello/version'), 'utf8')).toBe('1.1\n');
    expect(await packages.operations.repair(quietRun())).toBe(false);
  });

  it('a job that is stopped in the middle of a script ends, and the next one mends what it left', async () => {
    const { packages, root } = await bench('toyslow', 'toyhello');
    const stop = new AbortController();
    const onProgress = (_percent: number, message: string): void => {
      if (message.startsWith('Upgrading toyslow')) stop.abort();
    };
    const run = quietRun({ signal: stop.signal, onProgress });
    await expect(packages.operations.applyPatches(everything, run)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const there = async () =>
      (await packages.inventory.listPackages()).map((one) => `${one.name} ${one.version}`);
    expect(await there()).toContain('toyslow 1.0-1');
    expect(await there()).toContain('toyslow 1.1-1');
    expect(await packages.inventory.isDatabaseClean()).toBe(false);
    await writeFile(join(root, 'tmp/toyslow-go'), '');
    expect(await packages.operations.repair(quietRun())).toBe(true);
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
    expect((await there()).filter((one) => one.startsWith('toyslow'))).toEqual(['toyslow 1.1-1']);
  });

  it('says which dependency of what is installed is not met, and changes other packages all the same', async () => {
    const { packages, dnf } = await bench('toyapp', 'toyhello');
    await dnf.rpm('--erase', '--justdb', '--nodeps', 'toylib');
    const { unmet } = await packages.faults(new AbortController().signal);
    expect(unmet).toBe('toyapp-1.0-1.noarch needs toylib');
    const wish = { ...everything, exclude: ['toyapp'] };
    const { results } = await packages.operations.applyPatches(wish, quietRun());
    expect(results).toMatchObject([{ name: 'toyhello', action: 'upgraded' }]);
  });

  it('does not say what waits while an enabled repository was never downloaded', async () => {
    const { packages, root } = await bench('toyhello');
    const path = join(root, 'etc/yum.repos.d/other.repo');
    const address = 'http://user:secret@127.0.0.1:9/nowhere';
    await writeFile(path, `[other]\nname=Other\nbaseurl=${address}\ngpgcheck=1\n`);
    await expect(packages.inventory.listPatches()).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('other was never downloaded'),
    });
    const { failed, healthy } = await packages.operations.refresh(quietRun());
    expect(failed).toMatchObject([
      { id: 'other', source: expect.stringMatching(/^other \(/), code: 'NETWORK_ERROR' },
    ]);
    expect(healthy.toSorted()).toEqual(['lab-base', 'lab-updates']);
    expect(JSON.stringify(failed)).not.toContain('secret');
    await rm(path);
    expect((await packages.inventory.listPatches()).patches).toHaveLength(1);
  });

  it('accepts no key that nobody accepted, and names it', async () => {
    const { packages, root } = await bench('toyhello');
    await rm(join(root, 'var/cache/dnf'), { recursive: true });
    const refreshing = packages.operations.refresh(quietRun());
    await expect(refreshing).rejects.toMatchObject({
      code: 'GPG_ERROR',
      message: expect.stringMatching(/Its key has the fingerprint [0-9A-F]{40}\./),
    });
  });

  it('refuses a package without a trusted signature, and takes the others', async () => {
    const own = await repository.copy(join(folder.path, 'unsigned'));
    const { packages } = await dnfBench(folder.path, ['toyhello', 'toyheld'], own);
    await own.removeSignature('updates', 'toyheld-1.1-1.noarch.rpm');
    await packages.operations.refresh(quietRun());
    const { results, left } = await packages.operations.applyPatches(everything, quietRun());
    expect(results).toMatchObject([
      { name: 'toyhello', action: 'upgraded' },
      { name: 'toyheld', action: 'unchanged', error_code: 'GPG_ERROR' },
    ]);
    expect(left).toMatchObject([{ name: 'toyheld', why: 'untrusted' }]);
  });

  it('holds for held what dnf excludes by its configuration', async () => {
    const { packages, root } = await bench('toyhello');
    await appendFile(join(root, 'etc/dnf/dnf.conf'), 'excludepkgs=toyhello\n');
    const { patches } = await packages.inventory.listPatches();
    expect(patches).toMatchObject([{ name: 'toyhello', held: true, available_version: '1.1-1' }]);
  });

  it('brings what is there to its newest version where an installation names none', async () => {
    const { packages } = await bench('toyhello');
    const wish = { ...plainWish, packages: [{ name: 'toyhello' }] };
    const { results } = await packages.operations.install(wish, quietRun());
    expect(results).toMatchObject([{ name: 'toyhello', action: 'upgraded', version_after: '1.1-1' }]);
  });

  it('plans with sizes, and with the repository that each version comes from', async () => {
    const { packages } = await bench('toyapp');
    const plan = await packages.inventory.plans.patches(everything, waiting);
    expect(plan.steps.map((one) => [one.action, one.name, one.from, one.to])).toEqual([
      ['upgrade', 'toyapp', '1.0-1', '1.2-1'],
      ['upgrade', 'toylib', '1.0-1', '1.1-1'],
    ]);
    expect(plan.downloadBytes).toBeGreaterThan(1_000);
  });

  it('waits for a dnf that is at work, and then does its own', async () => {
    const { packages, root } = await bench('toyhello');
    const script = `import fcntl, sys
f = open(sys.argv[1], 'r+b')
fcntl.lockf(f, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()`;
    const other = spawn('/usr/bin/python3', ['-I', '-c', script, join(root, 'var/lib/rpm/.rpm.lock')]);
    await once(other.stdout, 'data');
    const holders: string[] = [];
    const onWaitingForLock = (holder: string): void => {
      holders.push(holder);
      other.stdin.end();
    };
    await packages.operations.applyPatches(everything, quietRun({ onWaitingForLock }));
    expect(holders[0]).toMatch(/^python3.* \(process \d+\)$/);
    expect((await packages.inventory.listPackages()).map((one) => one.version)).toEqual(['1.1-1']);
  });
});
