import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Commands } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ToyPackage } from '../src/apt/deb.ts';
import { createPrivateAptRoot } from '../src/apt/private-root.ts';
import { createSigningKey } from '../src/apt/signing.ts';
import { publishSuite } from '../src/apt/suite.ts';
import { bench, openOn, plainWish, quietRun } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const DAY_MS = 86_400_000;

/** A root that installs from packages made for one test, first the old ones, then the new ones. */
async function ownPackages(name: string, old: readonly ToyPackage[], next: readonly ToyPackage[]) {
  const repository = join(folder.path, name, 'repository');
  await mkdir(repository, { recursive: true });
  const key = await createSigningKey(new Date(Date.now() - DAY_MS));
  const keyringPath = join(repository, 'key.gpg');
  await writeFile(keyringPath, key.publicKeyring);
  const suite = { codename: 'bookworm', suite: 'stable', label: 'Debian' };
  const publish = (packages: readonly ToyPackage[], ageMs: number) =>
    publishSuite({ folder: repository, suite, packages, key, now: new Date(Date.now() - ageMs) });
  await publish(old, 60_000);
  const source = { uri: `file:${repository}`, suites: ['bookworm'], keyringPath };
  const root = join(folder.path, name, 'root');
  const apt = await createPrivateAptRoot({ folder: root, repository: source });
  await apt.update();
  await apt.install(old.map((one) => one.name));
  await publish([...old, ...next], 30_000);
  await apt.update();
  return { packages: await openOn(root), apt };
}

/** Counts the programs that run. */
function counting(ran: string[]): (commands: Commands) => Commands {
  return (commands) => ({
    run: (command) => {
      ran.push(command.program);
      return commands.run(command);
    },
  });
}

/** Arguments of an installation that only pretends. */
function simulated(args: readonly string[]): readonly string[] {
  const verb = args.findIndex((one) => ['install', 'remove'].includes(one));
  return verb < 0 ? args : args.toSpliced(verb, 0, '-s');
}

const everything = { selection: { kind: 'all' as const }, exclude: [] };

describe('listing', () => {
  it('asks apt again only when something on disk changed', async () => {
    const { root, apt } = await bench(folder.path, ['toyhello', 'toylib']);
    const ran: string[] = [];
    const { inventory } = await openOn(root, counting(ran));
    await inventory.listPatches();
    const cold = ran.length;
    for (let turn = 0; turn < 9; turn += 1) {
      await inventory.listPatches();
      await inventory.listPackages();
    }
    expect(ran).toHaveLength(cold);

    await apt.run('apt-mark', ['hold', 'toyhello']);
    expect((await inventory.listPatches()).patches.map((one) => one.held)).toEqual([true, false]);
    const pin = join(root, 'etc/apt/preferences.d/pin');
    await writeFile(pin, 'Package: none\nPin: version 1\nPin-Priority: 1\n');
    await inventory.listPatches();
    await writeFile(pin, 'Package: toylib\nPin: version 1.0-1\nPin-Priority: 1001\n');
    expect((await inventory.listPatches()).patches.map((one) => one.name)).toEqual(['toyhello']);
  });

  it('fails when the database cannot be read, and works again when it can', async () => {
    const { root, packages } = await bench(folder.path, ['toyhello']);
    const status = join(root, 'var/lib/dpkg/status');
    const good = await readFile(status, 'utf8');
    await writeFile(status, 'Package: toyhello\nnonsense\n');
    await expect(packages.inventory.listPackages()).rejects.toMatchObject({ code: 'PKG_MANAGER_ERROR' });
    await expect(packages.inventory.listPatches()).rejects.toMatchObject({ code: 'PKG_MANAGER_ERROR' });
    await writeFile(status, good);
    expect(await packages.inventory.listPackages()).toHaveLength(1);
  });
});

describe('updates for which another package would have to go', () => {
  const old = [
    { name: 'toydoor', version: '1' },
    { name: 'toykey', version: '1', depends: 'toydoor (= 1)' },
  ];
  const next = [{ name: 'toydoor', version: '2' }];

  it('are pending but not phased, stay in an upgrade of everything, and remove nothing when named', async () => {
    const { packages } = await ownPackages('kept-back', old, next);
    expect((await packages.inventory.listPatches()).patches).toMatchObject([
      { name: 'toydoor', current_version: '1', available_version: '2', held: false, phased: false },
    ]);
    expect(await packages.operations.applyPatches(everything, quietRun())).toMatchObject({
      results: [{ name: 'toydoor', action: 'unchanged', reason: expect.stringContaining('toykey would') }],
    });
    const named = { kind: 'names' as const, names: ['toydoor'], securityOnly: false };
    await expect(
      packages.operations.applyPatches({ selection: named, exclude: [] }, quietRun()),
    ).rejects.toMatchObject({ code: 'DEPENDENCY_CONFLICT' });
    expect((await packages.inventory.listPackages()).map((one) => [one.name, one.version])).toEqual([
      ['toydoor', '1'],
      ['toykey', '1'],
    ]);
  });

  it('an excluded package is not pulled along by one that needs its newer version', async () => {
    const { packages } = await ownPackages('excluded', old, [
      ...next,
      { name: 'toykey', version: '2', depends: 'toydoor (= 2)' },
    ]);
    const without = { ...everything, exclude: ['toyd*'] };
    expect((await packages.operations.applyPatches(without, quietRun())).left).toMatchObject([
      { name: 'toykey', code: 'DEPENDENCY_CONFLICT', reason: expect.stringContaining('toydoor (= 2) but 1') },
    ]);
    const outcome = await packages.operations.applyPatches(everything, quietRun());
    expect(outcome.results.map((one) => [one.name, one.version_after])).toEqual([
      ['toydoor', '2'],
      ['toykey', '2'],
    ]);
  });
});

describe('changing packages', () => {
  it('leaves a package that came as a dependency marked as such', async () => {
    const { packages, apt } = await bench(folder.path, ['toyapp']);
    const marks = async () => (await apt.run('apt-mark', ['showauto'])).stdout.trim();
    expect(await marks()).toBe('toylib');
    await packages.operations.applyPatches({ ...everything, selection: { kind: 'security' } }, quietRun());
    expect(await marks()).toBe('toylib');
  });

  it('changes a held package only with force', async () => {
    const { packages, apt } = await bench(folder.path, ['toyheld']);
    await apt.run('apt-mark', ['hold', 'toyheld']);
    const { operations } = packages;
    const update = { ...plainWish, onlyUpgrade: true, packages: [{ name: 'toyheld' }] };
    await expect(operations.install(update, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringContaining('Held packages were changed'),
      details: { exit_code: 100 },
    });
    await expect(
      operations.remove({ name: 'toyheld', purge: false, force: false }, quietRun()),
    ).rejects.toMatchObject({ code: 'DEPENDENCY_CONFLICT' });
    expect((await operations.install({ ...update, force: true }, quietRun())).results).toEqual([
      {
        name: 'toyheld',
        action: 'upgraded',
        version_before: '1.0-1',
        version_after: '1.1-1',
        security: false,
      },
    ]);
  });

  it('tells that it installed the same version anew', async () => {
    const { packages } = await bench(folder.path, ['toyhello']);
    const wish = { ...plainWish, packages: [{ name: 'toyhello', version: '1.0-1' }], force: true };
    expect((await packages.operations.install(wish, quietRun())).results).toEqual([
      { name: 'toyhello', action: 'reinstalled', version_before: '1.0-1', version_after: '1.0-1' },
    ]);
  });

  it('goes back to an older version only when that is allowed', async () => {
    const { packages } = await bench(folder.path, []);
    const { operations } = packages;
    await operations.install({ ...plainWish, packages: [{ name: 'toyhello' }] }, quietRun());
    const older = { ...plainWish, packages: [{ name: 'toyhello', version: '1.0-1' }] };
    await expect(operations.install(older, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
    });
    expect((await operations.install({ ...older, allowDowngrade: true }, quietRun())).results).toEqual([
      { name: 'toyhello', action: 'downgraded', version_before: '1.1-1', version_after: '1.0-1' },
    ]);
  });

  it('does not believe exit code 0 when the version is not the one asked for', async () => {
    const { root } = await bench(folder.path, ['toyhello']);
    // apt-get -s ends well and changes nothing, as a wrapper or a hook might.
    const { operations } = await openOn(root, (commands) => ({
      run: (command) => commands.run({ ...command, args: simulated(command.args) }),
    }));
    await expect(operations.applyPatches(everything, quietRun())).rejects.toMatchObject({
      code: 'PKG_MANAGER_ERROR',
      message: expect.stringContaining('toyhello is at 1.0-1, not at 1.1-1'),
    });
    await expect(
      operations.remove({ name: 'toyhello', purge: false, force: false }, quietRun()),
    ).rejects.toMatchObject({ message: expect.stringContaining('toyhello 1.0-1 is still installed') });
  });
});

describe('a package whose script always fails', () => {
  it('is named by the repair and does not keep later jobs from removing it', async () => {
    const { packages, root } = await bench(folder.path, []);
    const { operations, inventory } = packages;
    await expect(
      operations.install({ ...plainWish, packages: [{ name: 'toybroken' }] }, quietRun()),
    ).rejects.toMatchObject({ code: 'SCRIPT_FAILED' });
    const lines: string[] = [];
    expect(await operations.repair(quietRun({ onLine: (line) => lines.push(line) }))).toBe(false);
    expect(lines.join('\n')).toContain('Still not configured: toybroken');
    await operations.remove({ name: 'toybroken', purge: true, force: false }, quietRun());
    expect(await inventory.isDatabaseClean()).toBe(true);
    expect(await systemFiles.facts(join(root, 'usr/share/toybroken'))).toBeUndefined();
  });
});
