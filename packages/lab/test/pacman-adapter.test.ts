import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pacmanConfig } from '../src/pacman/private-root.ts';
import { buildPacmanRepository, type PacmanRepository } from '../src/pacman/repository.ts';
import { must, runProgram } from '../src/process.ts';
import { everything, plainWish, quietRun } from './apt-bench.ts';
import { pacmanBench } from './pacman-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let repository: PacmanRepository;

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = await buildPacmanRepository({ folder: join(folder.path, 'repository') });
}, 600_000);
afterAll(async () => {
  await repository[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const waiting = { signal: new AbortController().signal, limitMs: 60_000 };
const OWN_DATABASE = 'var/lib/pacman/sync/lab.db';
const LOCK = 'var/lib/pacman/db.lck';

describe('the pacman adapter on a real private root', { timeout: 600_000 }, () => {
  const bench = (...installed: string[]) => pacmanBench(folder.path, installed, repository);
  type Packages = Awaited<ReturnType<typeof bench>>['packages'];
  const there = async (packages: Packages) =>
    (await packages.inventory.listPackages()).map((one) => `${one.name} ${one.version}`);

  it('takes what fits, and names what cannot be satisfied with the words of pacman', async () => {
    const { packages } = await bench('toyhello', 'toyepoch');
    const { pacman } = await bench('toyhello');
    expect((await pacman.pacman('-Q', 'toyhello')).stdout).toBe('toyhello 1.0-1\n');
    const { results, left } = await packages.operations.applyPatches(everything, quietRun());
    expect(left).toEqual([]);
    expect(results.map((one) => [one.name, one.action, one.version_after])).toEqual([
      ['toyepoch', 'upgraded', '1:1.1-1'],
      ['toyhello', 'upgraded', '1.1-1'],
    ]);
    const stuck = await bench('toyhello', 'toystuck');
    const half = await stuck.packages.operations.applyPatches(everything, quietRun());
    expect(half.results.map((one) => [one.name, one.action])).toEqual([
      ['toyhello', 'upgraded'],
      ['toystuck', 'unchanged'],
    ]);
    expect(half.left).toMatchObject([
      {
        name: 'toystuck',
        reason: expect.stringContaining("unable to satisfy dependency 'toynowhere' required by toystuck"),
      },
    ]);
  });

  it('changes neither packages nor the databases of pacman by refreshing, listing and planning', async () => {
    const { packages, root } = await bench('toyapp', 'toyold');
    const before = await stat(join(root, OWN_DATABASE));
    await packages.operations.refresh(quietRun());
    expect((await packages.inventory.listPatches()).patches.map((one) => one.name)).toEqual([
      'toyapp',
      'toylib',
    ]);
    for (const allowRemovals of [false, true])
      await packages.inventory.plans.patches({ ...everything, allowRemovals }, waiting);
    await packages.inventory.plans.install(
      { ...plainWish, force: true, packages: [{ name: 'toyhello' }] },
      waiting,
    );
    const removal = { name: 'toylib', purge: true, force: true, allowRemovals: true };
    await packages.inventory.plans.remove(removal, waiting);
    expect(await there(packages)).toEqual(['toyapp 1.0-1', 'toylib 1.0-1', 'toyold 1.0-1']);
    expect((await stat(join(root, OWN_DATABASE))).mtimeMs).toBe(before.mtimeMs);
    expect(await readFile(join(root, 'var/log/pacman.log'), 'utf8')).not.toContain('linux-patch-api');
  });

  it('installs what belongs to what is installed, and the newest only with everything', async () => {
    const { packages } = await bench('toyapp');
    const wish = { ...plainWish, packages: [{ name: 'toyhello' }] };
    await packages.operations.install(wish, quietRun());
    expect(await there(packages)).toEqual(['toyapp 1.0-1', 'toyhello 1.0-1', 'toylib 1.0-1']);
    await packages.operations.applyPatches(everything, quietRun());
    expect(await there(packages)).toEqual(['toyapp 1.2-1', 'toyhello 1.1-1', 'toylib 1.1-1']);
    const newer = await packages.operations.install(
      { ...plainWish, packages: [{ name: 'toyconf' }] },
      quietRun(),
    );
    expect(newer.results).toMatchObject([{ name: 'toyconf', version_after: '1.1-1' }]);
  });

  it('refuses updates of single packages in one sentence, also in a plan', async () => {
    const { packages } = await bench('toyhello', 'toylib');
    const selection = { kind: 'names' as const, names: ['toyhello'], securityOnly: false };
    const refused = {
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(
        /^pacman supports no upgrade of single packages, .* Nothing was changed\.$/,
      ),
    };
    const one = { selection, exclude: [] };
    await expect(packages.operations.applyPatches(one, quietRun())).rejects.toMatchObject(refused);
    await expect(packages.inventory.plans.patches(one, waiting)).rejects.toMatchObject(refused);
  });

  it('says that scripts and a hook failed though pacman ends well', async () => {
    const { packages, root } = await bench('toypre', 'toyhello');
    const changed: unknown[] = [];
    const run = quietRun({ onChanged: (results) => void changed.push(...results) });
    await expect(packages.operations.applyPatches(everything, run)).rejects.toMatchObject({
      code: 'SCRIPT_FAILED',
      message: expect.stringMatching(/toypre was not completed: toypre: this script fails on purpose/),
    });
    expect(changed).toMatchObject([
      { name: 'toyhello', action: 'upgraded' },
      { name: 'toypre', action: 'failed', version_after: '1.1-1' },
    ]);
    await writeFile(
      join(root, 'etc/pacman.d/hooks/bad.hook'),
      [
        '[Trigger]\nOperation = Install\nType = Package\nTarget = toyconf',
        "[Action]\nDescription = Building the image...\nWhen = PostTransaction\nExec = /bin/sh -c 'echo no room; exit 3'\n",
      ].join('\n'),
    );
    const wish = { ...plainWish, packages: [{ name: 'toyconf' }] };
    await expect(packages.operations.install(wish, quietRun())).rejects.toMatchObject({
      code: 'SCRIPT_FAILED',
      message: expect.stringMatching(
        /^toyconf 1\.1-1 installed\. The hook "Building the image" failed: no room/,
      ),
    });
  });

  it('takes packages with keys before all others', async () => {
    const { packages, root } = await bench('toyhello', 'toy-keyring');
    await packages.operations.applyPatches(everything, quietRun());
    expect(await there(packages)).toEqual(['toy-keyring 2-1', 'toyhello 1.1-1']);
    const log = await readFile(join(root, 'var/log/pacman.log'), 'utf8');
    const steps = [...log.matchAll(/\[ALPM\] (upgraded \S+|transaction completed)/g)].map(([, one]) => one);
    expect(steps).toEqual([
      'transaction completed',
      'upgraded toy-keyring',
      'transaction completed',
      'upgraded toyhello',
      'transaction completed',
    ]);
  });

  it('leaves what another package would replace, until removals are allowed', async () => {
    const { packages } = await bench('toyold', 'toyhello');
    await packages.operations.applyPatches({ ...everything, exclude: ['toyhello'] }, quietRun());
    expect(await there(packages)).toEqual(['toyhello 1.0-1', 'toyold 1.0-1']);
    const wish = { ...everything, allowRemovals: true };
    const plan = await packages.inventory.plans.patches(wish, waiting);
    expect(plan.steps.map((one) => [one.action, one.name])).toEqual([
      ['upgrade', 'toyhello'],
      ['install', 'toynew'],
      ['remove', 'toyold'],
    ]);
    await packages.operations.applyPatches(wish, quietRun());
    expect(await there(packages)).toEqual(['toyhello 1.1-1', 'toynew 1.0-1']);
  });

  it('names a conflict and changes nothing', async () => {
    const { packages } = await bench('toyhello');
    const wish = { ...plainWish, packages: [{ name: 'toyclash' }], allowRemovals: true };
    await expect(packages.operations.install(wish, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringContaining('toyclash and toyhello are in conflict'),
    });
    expect(await there(packages)).toEqual(['toyhello 1.0-1']);
  });

  it('purges what was edited, and keeps it otherwise', async () => {
    const { packages, root } = await bench('toyconf');
    const file = join(root, 'etc/toyconf.conf');
    await writeFile(file, 'colour = mine\n');
    await packages.operations.remove({ name: 'toyconf', purge: false, force: false }, quietRun());
    expect(await readFile(`${file}.pacsave`, 'utf8')).toBe('colour = mine\n');
    await packages.operations.install({ ...plainWish, packages: [{ name: 'toyconf' }] }, quietRun());
    await rm(`${file}.pacsave`);
    await writeFile(file, 'colour = mine\n');
    await packages.operations.remove({ name: 'toyconf', purge: true, force: false }, quietRun());
    await expect(readFile(`${file}.pacsave`)).rejects.toThrow(/ENOENT/);
  });

  it('does not change what is held, unless that is forced', async () => {
    const { packages, root } = await bench();
    await writeFile(
      join(root, 'etc/pacman.conf'),
      pacmanConfig(repository.served, 'IgnorePkg = toyhello\nIgnoreGroup = toys'),
    );
    await packages.operations.install({ ...plainWish, packages: [{ name: 'toylib' }] }, quietRun());
    const wish = { ...plainWish, packages: [{ name: 'toyhello' }] };
    await packages.operations.install({ ...wish, force: true }, quietRun());
    expect(await there(packages)).toEqual(['toyhello 1.0-1', 'toylib 1.0-1']);
    const older = { ...wish, allowDowngrade: true };
    await expect(packages.operations.install(older, quietRun())).rejects.toMatchObject({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringContaining('toyhello is held by IgnorePkg or IgnoreGroup of pacman.conf'),
    });
  });

  it('takes away the lock of a pacman that was killed, and puts in again what it was at', async () => {
    const { packages, root } = await bench('toyhello', 'toylib');
    await writeFile(join(root, LOCK), '');
    expect(await packages.lockHolder()).toBeUndefined();
    expect(await packages.inventory.isDatabaseClean()).toBe(false);
    expect(await packages.operations.repair(quietRun())).toBe(true);
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
    await rm(join(root, 'var/lib/pacman/local/toylib-1.0-1/desc'));
    expect((await packages.faults(waiting.signal)).unconfigured).toEqual(['toylib']);
    expect(await packages.operations.repair(quietRun())).toBe(true);
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
    expect(await there(packages)).toEqual(['toyhello 1.0-1', 'toylib 1.0-1']);
    expect(await packages.operations.repair(quietRun())).toBe(false);
  });

  it('a job that is stopped in the middle of a script ends, and the next one mends what it left', async () => {
    const { packages, root } = await bench('toyslow', 'toyhello');
    const pipe = join(root, 'tmp/toyslow');
    must(await runProgram('mkfifo', [pipe]), 'mkfifo');
    const stop = new AbortController();
    const onProgress = (_percent: number, message: string): void => {
      if (message === 'upgrading toyslow') stop.abort();
    };
    const run = quietRun({ signal: stop.signal, onProgress });
    await expect(packages.operations.applyPatches(everything, run)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await rm(pipe);
    await packages.operations.repair(quietRun());
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
    await packages.operations.applyPatches(everything, quietRun());
    expect(await there(packages)).toEqual(['toyhello 1.1-1', 'toyslow 1.1-1']);
    expect(await packages.operations.repair(quietRun())).toBe(false);
  });

  it('does not wait for a real pacman longer than that works, and names it', async () => {
    const { packages, pacman, root } = await bench('toyslow', 'toyhello');
    const pipe = join(root, 'tmp/toyslow');
    must(await runProgram('mkfifo', [pipe]), 'mkfifo');
    await packages.operations.refresh(quietRun());
    must(await pacman.pacman('-Sy', '--noconfirm'), 'pacman -Sy');
    const other = pacman.pacman('-S', '--noconfirm', 'toyslow');
    // Opens when the script reads.
    const writer = spawn('/bin/sh', [
      '-c',
      'exec 3>"$1"; echo open; read -r line; echo go >&3',
      'writer',
      pipe,
    ]);
    await once(writer.stdout, 'data');
    const holders: string[] = [];
    const onWaitingForLock = (holder: string): void => {
      if (holders.length === 0) writer.stdin.end('\n');
      holders.push(holder);
    };
    await packages.operations.applyPatches(everything, quietRun({ onWaitingForLock }));
    await other;
    expect(holders[0]).toMatch(/^pacman \(process \d+\)$/);
    expect(await there(packages)).toEqual(['toyhello 1.1-1', 'toyslow 1.1-1']);
  });

  it('says which dependency of what is installed is not met, and changes other packages all the same', async () => {
    const { packages, pacman } = await bench('toyapp', 'toyhello');
    must(await pacman.pacman('-Rdd', '--noconfirm', 'toylib'), 'pacman -Rdd');
    const { unmet } = await packages.faults(waiting.signal);
    expect(unmet).toBe('toyapp needs toylib');
    const wish = { ...everything, exclude: ['toyapp'] };
    const { results } = await packages.operations.applyPatches(wish, quietRun());
    expect(results).toMatchObject([{ name: 'toyhello', action: 'upgraded' }]);
  });

  it('does not say what waits while a repository was never downloaded', async () => {
    const { packages, root } = await bench('toyhello');
    const config = pacmanConfig(repository.served);
    const other = `[other]\nSigLevel = Never\nServer = file://${folder.path}/nowhere\n`;
    await writeFile(join(root, 'etc/pacman.conf'), `${config}${other}`);
    await expect(packages.inventory.listPatches()).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('other was never downloaded'),
    });
    await writeFile(join(root, 'etc/pacman.conf'), config);
    expect((await packages.inventory.listPatches()).patches).toHaveLength(1);
  });

  it('refuses a package without a trusted signature, and takes the others', async () => {
    await using own = await repository.copy(join(folder.path, 'spoiled'));
    const { packages } = await pacmanBench(folder.path, ['toyhello', 'toyheld'], own);
    await own.spoilPackage({ name: 'toyheld', version: '1.1-1' });
    const { results, left } = await packages.operations.applyPatches(everything, quietRun());
    expect(results).toMatchObject([
      { name: 'toyhello', action: 'upgraded' },
      { name: 'toyheld', action: 'unchanged', error_code: 'GPG_ERROR' },
    ]);
    expect(left).toMatchObject([{ name: 'toyheld', why: 'untrusted' }]);
  });

  it('plans with sizes, and with the repository that each version comes from', async () => {
    const { packages } = await bench('toyapp');
    const plan = await packages.inventory.plans.patches(everything, waiting);
    expect(plan.steps.map((one) => [one.action, one.name, one.from, one.to])).toEqual([
      ['upgrade', 'toyapp', '1.0-1', '1.2-1'],
      ['upgrade', 'toylib', '1.0-1', '1.1-1'],
    ]);
    expect(plan.downloadBytes).toBeGreaterThan(500);
    expect((await packages.inventory.listPatches()).patches.map((one) => one.origin)).toEqual(['lab', 'lab']);
  });
});
