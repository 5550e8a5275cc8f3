import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildToyRepository, type ToyRepository } from '../src/apt/repository.ts';
import { askUntil } from '../src/wait.ts';
import { bench, openOn, plainWish, quietRun } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let updated: ToyRepository;

beforeAll(async () => {
  folder = await temporaryFolder();
  updated = await buildToyRepository({ folder: join(folder.path, 'repository') });
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('the apt adapter on a real private root', () => {
  it('lists what is installed with the updates that wait, their sources and their flags', async () => {
    const { packages, apt } = await bench(folder.path, ['toyhello', 'toylib', 'toyheld', 'toyphased']);
    await apt.run('apt-mark', ['hold', 'toyheld']);
    const listed = await packages.inventory.listPackages();
    expect(listed.map((one) => [one.name, one.version, one.status, one.latest_version])).toEqual([
      ['toyheld', '1.0-1', 'held', '1.1-1'],
      ['toyhello', '1.0-1', 'upgradable', '1.1-1'],
      ['toylib', '1.0-1', 'upgradable', '1.0-1+deb12u1'],
      ['toyphased', '1.0-1', 'upgradable', '1.1-1'],
    ]);
    const { patches } = await packages.inventory.listPatches();
    const flags = Object.fromEntries(patches.map((one) => [one.name, [one.security, one.held, one.phased]]));
    expect(flags).toEqual({
      toyheld: [false, true, false],
      toyhello: [false, false, false],
      toylib: [true, false, false],
      toyphased: [false, false, true],
    });
  });

  it('applies security updates only, with exact versions before and after, and progress that never falls', async () => {
    const { packages } = await bench(folder.path, ['toyhello', 'toylib', 'toyreboot']);
    const percents: number[] = [];
    const outcome = await packages.operations.applyPatches(
      { selection: { kind: 'security' }, exclude: [] },
      quietRun({ onProgress: (percent) => percents.push(percent) }),
    );
    expect(outcome.results).toEqual([
      {
        name: 'toylib',
        action: 'upgraded',
        version_before: '1.0-1',
        version_after: '1.0-1+deb12u1',
        security: true,
      },
      {
        name: 'toyreboot',
        action: 'upgraded',
        version_before: '1.0-1',
        version_after: '1.1-1',
        security: true,
      },
    ]);
    expect(percents.length).toBeGreaterThan(2);
    expect([...percents].sort((a, b) => a - b)).toEqual(percents);
    expect(await packages.inventory.rebootRequired()).toEqual({
      required: true,
      reasons: ['asked for by toyreboot'],
    });
  });

  it('applies everything but what is held, phased or excluded', async () => {
    const { packages, apt } = await bench(folder.path, [
      'toyhello',
      'toylib',
      'toyapp',
      'toyheld',
      'toyphased',
    ]);
    await apt.run('apt-mark', ['hold', 'toyheld']);
    const outcome = await packages.operations.applyPatches(
      { selection: { kind: 'all' }, exclude: ['toyap*'] },
      quietRun(),
    );
    expect(outcome.results.map((one) => [one.name, one.action])).toEqual([
      ['toyhello', 'upgraded'],
      ['toylib', 'upgraded'],
      ['toyheld', 'unchanged'],
      ['toyphased', 'unchanged'],
    ]);
  });

  it('installs a chosen version, updates, removes and purges', async () => {
    const { packages, root } = await bench(folder.path, []);
    const { operations } = packages;
    const installed = await operations.install(
      { ...plainWish, packages: [{ name: 'toyconf', version: '1.0-1' }] },
      quietRun(),
    );
    expect(installed.results).toEqual([
      { name: 'toyconf', action: 'installed', version_before: null, version_after: '1.0-1' },
    ]);
    await writeFile(join(root, 'etc/toyconf.conf'), 'colour = mine\n');
    await operations.install(
      { ...plainWish, onlyUpgrade: true, packages: [{ name: 'toyconf' }] },
      quietRun(),
    );
    expect(await readFile(join(root, 'etc/toyconf.conf'), 'utf8')).toBe('colour = mine\n');
    const removed = await operations.remove({ name: 'toyconf', purge: true, force: false }, quietRun());
    expect(removed.results).toMatchObject([{ name: 'toyconf', action: 'removed', version_before: '1.1-1' }]);
    expect(await systemFiles.facts(join(root, 'etc/toyconf.conf'))).toBeUndefined();
  });

  it.each([
    ['a package that does not exist', { packages: [{ name: 'toynowhere' }] }, 'PKG_NOT_FOUND'],
    [
      'a version that does not exist',
      { packages: [{ name: 'toyhello', version: '9.9' }] },
      'VERSION_NOT_AVAILABLE',
    ],
    ['dependencies that cannot be met', { packages: [{ name: 'toymeta' }] }, 'DEPENDENCY_CONFLICT'],
    ['a name that is an option', { packages: [{ name: '-oDPkg::Pre-Invoke::=id' }] }, 'PKG_NOT_FOUND'],
    ['a name with a path', { packages: [{ name: '../x' }] }, 'PKG_NOT_FOUND'],
  ])('refuses %s with its own code', async (_what, wish, code) => {
    const { packages } = await bench(folder.path, [], updated);
    await expect(packages.operations.install({ ...plainWish, ...wish }, quietRun())).rejects.toMatchObject({
      code,
    });
    expect(await packages.inventory.listPackages()).toEqual([]);
  });

  it('says which script failed, and repairs before the next job', async () => {
    const { packages } = await bench(folder.path, []);
    await expect(
      packages.operations.install({ ...plainWish, packages: [{ name: 'toybroken' }] }, quietRun()),
    ).rejects.toMatchObject({
      code: 'SCRIPT_FAILED',
      message: expect.stringContaining('toybroken'),
    });
    expect(await packages.inventory.isDatabaseClean()).toBe(false);
    await packages.operations.remove({ name: 'toybroken', purge: true, force: false }, quietRun());
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
  });

  it('never takes a repository that is gone or has a broken signature for "no updates"', async () => {
    const repository = await buildToyRepository({ folder: join(folder.path, 'spoiled') });
    const { packages } = await bench(folder.path, ['toyhello'], repository);
    await repository.removePool('toyhello');
    const all = { selection: { kind: 'all' as const }, exclude: [] };
    await expect(packages.operations.applyPatches(all, quietRun())).rejects.toMatchObject({
      code: 'NETWORK_ERROR',
    });
    await repository.breakSignature();
    await expect(packages.operations.refresh(quietRun())).rejects.toMatchObject({ code: 'GPG_ERROR' });
  });

  it('a job that is stopped in the middle of a script ends soon, and the next one repairs', async () => {
    const { packages, root } = await bench(folder.path, []);
    const stop = new AbortController();
    const running = packages.operations.install(
      { ...plainWish, packages: [{ name: 'toyslow' }] },
      quietRun({
        signal: stop.signal,
        onProgress: (_percent, message) => {
          if (/configuring/i.test(message) || /Setting up/i.test(message)) stop.abort();
        },
      }),
    );
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await mkdir(join(root, 'tmp'), { recursive: true });
    await writeFile(join(root, 'tmp/toyslow-go'), '');
    expect(await packages.operations.repair(quietRun())).toBe(true);
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
    expect(await packages.operations.repair(quietRun())).toBe(false);
  });

  it('waits for another package manager and names it', async () => {
    const { packages, apt, root } = await bench(folder.path, []);
    const other = spawn('apt-get', ['install', '-y', 'toyslow'], {
      env: { ...process.env, ...apt.env },
      stdio: 'ignore',
    });
    await askUntil('the other apt to unpack', () =>
      systemFiles.facts(join(root, 'usr/share/toyslow/version')),
    );
    const holders: string[] = [];
    const waiting = packages.operations.install(
      { ...plainWish, packages: [{ name: 'toyhello' }] },
      quietRun({
        onWaitingForLock: (holder) => {
          holders.push(holder);
          void writeFile(join(root, 'tmp/toyslow-go'), '');
        },
      }),
    );
    expect((await waiting).results).toMatchObject([{ name: 'toyhello', action: 'installed' }]);
    await (other.exitCode === null ? once(other, 'close') : Promise.resolve());
    expect(holders[0]).toMatch(/apt-get|dpkg/);
  });

  it('shows an available package and one that is unknown', async () => {
    const { packages } = await bench(folder.path, ['toyapp'], updated);
    expect(await packages.inventory.findPackage('toyhello')).toMatchObject({
      status: 'available',
      homepage: 'https://example.test/toyhello',
    });
    const own = await packages.inventory.findPackage('toylib');
    expect(own).toMatchObject({
      version: expect.stringContaining('1.0-1'),
      reverse_dependencies: ['toyapp'],
    });
    expect(own?.files).toContain('/usr/share/toylib/version');
    expect(await packages.inventory.findPackage('toynowhere')).toBeUndefined();
  });

  it('refuses to start under a root that has no apt configuration of its own', async () => {
    const bare = join(folder.path, 'bare');
    await mkdir(bare);
    await expect(openOn(bare)).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
  });
});
