import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRpmRepository, type RpmRepository } from '../src/rpm/repository.ts';
import { everything, plainWish, quietRun } from './apt-bench.ts';
import { updatedRpmRepository } from './dnf-bench.ts';
import { zypperBench } from './zypper-bench.ts';

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

/** What a killed transaction may leave: the newer version is there, and the older was not taken away. */
const UNFINISHED = ['--justdb', '--nodeps', '--noscripts', '--force', '--ignorearch', '--nosignature'];

describe('the zypper adapter on a real private root', { timeout: 600_000 }, () => {
  const bench = (...installed: string[]) => zypperBench(folder.path, installed, repository);

  it('takes what fits, and names what cannot be satisfied with the words of zypper', async () => {
    const { packages } = await bench('toyhello', 'toystuck', 'toyepoch');
    const { results, left } = await packages.operations.applyPatches(everything, quietRun());
    expect(results.map((one) => [one.name, one.action, one.version_after])).toEqual([
      ['toyepoch', 'upgraded', '1:1.1-1'],
      ['toyhello', 'upgraded', '1.1-1'],
      ['toystuck', 'unchanged', '1.0-1'],
    ]);
    expect(await packages.inventory.findPackage('toyepoch')).toMatchObject({
      license: 'MIT',
      files: ['/usr/share/toyepoch/version'],
      available_version: '1:1.1-1',
    });
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
      message: expect.stringMatching(/toypre was not completed: .*this script fails on purpose/s),
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

  it('names a conflict and changes nothing, and solves it only for whoever allows removals', async () => {
    const { packages } = await bench('toyhello');
    const wish = { ...plainWish, packages: [{ name: 'toyclash' }] };
    await expect(packages.operations.install(wish, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringContaining('toyclash-1.0-1.noarch conflicts with toyhello'),
    });
    const { results } = await packages.operations.install({ ...wish, allowRemovals: true }, quietRun());
    expect(results.map((one) => [one.name, one.action])).toEqual([
      ['toyclash', 'installed'],
      ['toyhello', 'removed'],
    ]);
  });

  it('names the file that two packages have, and changes nothing', async () => {
    await using own = await buildRpmRepository({ folder: join(folder.path, 'files') });
    const toy = (name: string) => ({ name, version: '1.0', files: { '/usr/share/same': name } });
    await own.publish('base', [toy('toyone'), toy('toytwo')]);
    const { packages } = await zypperBench(folder.path, ['toyone'], own);
    const wish = { ...plainWish, packages: [{ name: 'toytwo' }] };
    // The second time it is known before anything is begun, from what the first has downloaded.
    for (let times = 0; times < 2; times += 1)
      await expect(packages.operations.install(wish, quietRun())).rejects.toMatchObject({
        code: 'DEPENDENCY_CONFLICT',
        message: expect.stringContaining('toytwo and toyone both have the file /usr/share/same'),
      });
    expect((await packages.inventory.listPackages()).map((one) => one.name)).toEqual(['toyone']);
  });

  it('refuses a purge in one sentence', async () => {
    const { packages } = await bench('toyhello');
    const removal = { name: 'toyhello', purge: true, force: false };
    await expect(packages.operations.remove(removal, quietRun())).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(/^zypper cannot purge: /),
    });
  });

  it('removes nothing that is locked, and says that a lock keeps it', async () => {
    const { packages, zypper } = await bench('toyhello');
    await zypper.zypper('addlock', 'toyhello');
    const removal = { name: 'toyhello', purge: false, force: true };
    await expect(packages.operations.remove(removal, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringContaining('a lock keeps it as it is (zypper locks)'),
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
    const { packages, zypper, root } = await bench('toyhello');
    const file = join(repository.partFolder('updates'), 'toyhello-1.1-1.noarch.rpm');
    await zypper.rpm('--install', ...UNFINISHED, file);
    expect(await packages.inventory.isDatabaseClean()).toBe(false);
    expect(await packages.operations.repair(quietRun())).toBe(true);
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
    expect((await packages.inventory.listPackages()).map((one) => one.version)).toEqual(['1.1-1']);
    expect(await readFile(join(root, 'usr/share/toyhello/version'), 'utf8')).toBe('1.1\n');
    expect(await packages.operations.repair(quietRun())).toBe(false);
  });

  it('a job that is stopped in the middle of a script ends, and what it left is mended or was done', async () => {
    const { packages, root } = await bench('toyslow', 'toyhello');
    const stop = new AbortController();
    const onProgress = (_percent: number, message: string): void => {
      if (message.startsWith('Installing toyslow')) stop.abort();
    };
    const run = quietRun({ signal: stop.signal, onProgress });
    await expect(packages.operations.applyPatches(everything, run)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await writeFile(join(root, 'tmp/toyslow-go'), '');
    await packages.operations.repair(quietRun());
    await packages.operations.applyPatches(everything, quietRun());
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
    expect((await packages.inventory.listPackages()).map((one) => `${one.name} ${one.version}`)).toEqual([
      'toyhello 1.1-1',
      'toyslow 1.1-1',
    ]);
  });

  it('says which dependency of what is installed is not met, and changes other packages all the same', async () => {
    const { packages, zypper } = await bench('toyapp', 'toyhello');
    await zypper.rpm('--erase', '--justdb', '--nodeps', 'toylib');
    const { unmet } = await packages.faults(new AbortController().signal);
    expect(unmet).toBe('toyapp-1.0-1.noarch needs toylib');
    const wish = { ...everything, exclude: ['toyapp'] };
    const { results } = await packages.operations.applyPatches(wish, quietRun());
    expect(results.find((one) => one.name === 'toyhello')).toMatchObject({ action: 'upgraded' });
  });

  it('does not say what waits while an enabled repository was never downloaded', async () => {
    const { packages, root } = await bench('toyhello');
    const path = join(root, 'etc/zypp/repos.d/other.repo');
    await writeFile(
      path,
      `[other]\nname=Other\nenabled=1\nbaseurl=file://${folder.path}/nowhere\ngpgcheck=1\n`,
    );
    await expect(packages.inventory.listPatches()).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('other was never downloaded'),
    });
    const { failed } = await packages.operations.refresh(quietRun());
    expect(failed).toMatchObject([
      { id: 'Other', source: expect.stringMatching(/^Other/), code: 'NETWORK_ERROR' },
    ]);
    await rm(path);
    expect((await packages.inventory.listPatches()).patches).toHaveLength(1);
  });

  it('accepts no key that nobody accepted, and names it', async () => {
    const { packages, zypper, root } = await bench('toyhello');
    await rm(join(root, 'var/cache/zypp'), { recursive: true });
    await zypper.rpm('--erase', '--allmatches', 'gpg-pubkey');
    await expect(packages.operations.refresh(quietRun())).rejects.toMatchObject({
      code: 'GPG_ERROR',
      message: expect.stringMatching(/Its key has the fingerprint [0-9A-F]{40}\./),
    });
  });

  it('refuses a package without a trusted signature, and takes the others', async () => {
    const own = await repository.copy(join(folder.path, 'unsigned'));
    const { packages, root } = await zypperBench(folder.path, ['toyhello', 'toyheld'], own);
    await own.removeSignature('updates', 'toyheld-1.1-1.noarch.rpm');
    const path = join(root, 'etc/zypp/repos.d/lab-updates.repo');
    await writeFile(path, `${await readFile(path, 'utf8')}pkg_gpgcheck=1\n`);
    await packages.operations.refresh(quietRun());
    const { results, left } = await packages.operations.applyPatches(everything, quietRun());
    expect(results).toMatchObject([
      { name: 'toyhello', action: 'upgraded' },
      { name: 'toyheld', action: 'unchanged', error_code: 'GPG_ERROR' },
    ]);
    expect(left).toMatchObject([{ name: 'toyheld', why: 'untrusted' }]);
  });

  it('brings what is there to its newest version where an installation names none', async () => {
    const { packages } = await bench('toyhello');
    const wish = { ...plainWish, packages: [{ name: 'toyhello' }] };
    const { results } = await packages.operations.install(wish, quietRun());
    expect(results).toMatchObject([{ name: 'toyhello', action: 'upgraded', version_after: '1.1-1' }]);
  });

  it('keeps the mark of what came as a dependency when an update names it', async () => {
    const { packages, root } = await bench('toyapp');
    const marks = async () => await readFile(join(root, 'var/lib/zypp/AutoInstalled'), 'utf8');
    expect(await marks()).toMatch(/^toylib$/m);
    const update = { ...plainWish, onlyUpgrade: true, packages: [{ name: 'toylib' }] };
    await packages.operations.install(update, quietRun());
    expect(await marks()).toMatch(/^toylib$/m);
  });

  it('plans with sizes', async () => {
    const { packages } = await bench('toyapp');
    const plan = await packages.inventory.plans.patches(everything, waiting);
    expect(plan.steps.map((one) => [one.action, one.name, one.from, one.to])).toEqual([
      ['upgrade', 'toyapp', '1.0-1', '1.2-1'],
      ['upgrade', 'toylib', '1.0-1', '1.1-1'],
    ]);
    expect(plan.downloadBytes).toBeGreaterThan(1_000);
  });

  it('keeps the edited file of a package that is removed, and says where', async () => {
    const { packages, root } = await bench('toyconf');
    await writeFile(join(root, 'etc/toyconf.conf'), 'colour = mine\n');
    const { results } = await packages.operations.remove(
      { name: 'toyconf', purge: false, force: false },
      quietRun(),
    );
    expect(results).toMatchObject([{ action: 'removed', kept_files: ['/etc/toyconf.conf.rpmsave'] }]);
  });

  it('tells a reboot by the flag that libzypp leaves', async () => {
    const { packages, root } = await bench('toyhello');
    await writeFile(join(root, 'run/reboot-needed'), '');
    expect((await packages.inventory.rebootRequired()).reasons).toContain('zypper asks for it');
  });
});
