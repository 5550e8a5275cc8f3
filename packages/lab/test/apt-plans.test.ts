import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Commands } from '@linux-patch/runtime';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageEnvironment } from '../../worker/src/packages/environment.ts';
import { openPackageManager } from '../../worker/src/packages/open.ts';
import { must } from '../src/process.ts';
import { askUntil } from '../src/wait.ts';
import { bench, everything, ordersOf, plainWish, policyOf, quietRun } from './apt-bench.ts';
import { installed, RIVAL_NAMES, rivals, stepsOf, waiting } from './apt-rivals.ts';
import { situation } from './apt-situation.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('a plan', () => {
  it('of every update names exact versions, new packages and what stays, and the job does exactly that', async () => {
    const host = await rivals(folder.path);
    const plan = await host.packages.inventory.plans.patches(everything, waiting);
    expect(stepsOf(plan)).toEqual(['upgrade toyclient 1 2', 'install toylibrary - 3']);
    expect(plan.steps.map((one) => one.asked)).toEqual([true, false]);
    expect(plan.left).toMatchObject([
      { name: 'toydoor', current: '1', version: '2', why: 'refused', removals: ['toykey'] },
    ]);
    expect(plan.busy).toBeUndefined();
    expect(await installed(host)).toEqual(RIVAL_NAMES.map((name) => `${name} 1`).sort());
    const { results } = await host.packages.operations.applyPatches(
      { ...everything, planHash: plan.hash },
      quietRun(),
    );
    expect(results.filter((one) => one.action !== 'unchanged')).toEqual([
      { name: 'toyclient', action: 'upgraded', version_before: '1', version_after: '2', security: false },
      { name: 'toylibrary', action: 'installed', version_before: null, version_after: '3' },
    ]);
    expect(stepsOf(await host.packages.inventory.plans.patches(everything, waiting))).toEqual([]);
  });

  it('has the sizes that apt says', async () => {
    const host = await rivals(folder.path);
    const wish = {
      ...plainWish,
      packages: [{ name: 'toyclient' }, { name: 'toyrival' }],
      allowRemovals: true,
    };
    const plan = await host.packages.inventory.plans.install(wish, waiting);
    expect(stepsOf(plan)).toEqual([
      'upgrade toyclient 1 2',
      'remove toyfoe 1 -',
      'install toylibrary - 3',
      'install toyrival - 1',
    ]);
    const { stdout } = await host.apt.run('apt-get', [
      '-y',
      '--print-uris',
      'install',
      'toyclient',
      'toyrival',
    ]);
    const sizes = stdout.split('\n').flatMap((line) => /^'.*' \S+ (\d+) /.exec(line)?.[1] ?? []);
    expect(sizes).toHaveLength(3);
    expect(plan.downloadBytes).toBe(sizes.reduce((sum, one) => sum + Number(one), 0));
    const said = /After this operation, ([\d.]+) kB of additional disk space/.exec(stdout)?.[1];
    expect(((plan.diskBytes ?? 0) / 1_000).toFixed(1)).toBe(said);
    const removal = { name: 'toyfoe', purge: false, force: false };
    expect(await host.packages.inventory.plans.remove(removal, waiting)).toMatchObject({
      downloadBytes: 0,
      diskBytes: -12_288,
    });
  });

  it('names what stays out with the reason: held, phased, excluded, not there', async () => {
    const { packages, apt } = await bench(folder.path, ['toyhello', 'toylib', 'toyheld', 'toyphased']);
    must(await apt.run('apt-mark', ['hold', 'toyheld']), 'apt-mark hold');
    const plan = await packages.inventory.plans.patches({ ...everything, exclude: ['toyl*'] }, waiting);
    expect(stepsOf(plan)).toEqual(['upgrade toyhello 1.0-1 1.1-1']);
    expect(plan.left.map(({ name, why, security }) => [name, why, security])).toEqual([
      ['toylib', 'excluded', true],
      ['toyheld', 'held', false],
      ['toyphased', 'phased', false],
    ]);
    const names = { kind: 'names' as const, names: ['toyhello', 'toynowhere'], securityOnly: false };
    expect(
      (await packages.inventory.plans.patches({ selection: names, exclude: [] }, waiting)).left,
    ).toMatchObject([{ name: 'toynowhere', why: 'not_installed', asked: true }]);
    const meta = { ...plainWish, packages: [{ name: 'toymeta' }] };
    expect(await packages.inventory.plans.install(meta, waiting)).toMatchObject({
      steps: [],
      left: [{ name: 'toymeta', why: 'unsatisfiable', reason: expect.stringContaining('toynowhere') }],
    });
  });

  it('tells upgrade, downgrade, reinstallation, removal and purge apart', async () => {
    const host = await rivals(folder.path);
    const { plans } = host.packages.inventory;
    const install = (version: string | undefined, options: object) =>
      plans.install({ ...plainWish, ...options, packages: [{ name: 'toyclient', version }] }, waiting);
    await host.packages.operations.install({ ...plainWish, packages: [{ name: 'toyclient' }] }, quietRun());
    expect(stepsOf(await install('1', { allowDowngrade: true }))).toEqual(['downgrade toyclient 2 1']);
    expect((await install('1', {})).left).toMatchObject([
      { why: 'refused', reason: expect.stringContaining('older version') },
    ]);
    expect(stepsOf(await install(undefined, { force: true }))).toEqual(['reinstall toyclient 2 2']);
    const remove = (purge: boolean) => plans.remove({ name: 'toyfoe', purge, force: false }, waiting);
    const [kept, purged] = [await remove(false), await remove(true)];
    expect([...kept.steps, ...purged.steps]).toMatchObject([
      { action: 'remove', name: 'toyfoe', from: '1', to: null, purge: false },
      { action: 'remove', name: 'toyfoe', from: '1', to: null, purge: true },
    ]);
    expect(kept.hash).not.toBe(purged.hash);
  });

  it('can be made while somebody else changes packages, and names who', async () => {
    const { packages, apt, root } = await bench(folder.path, ['toyhello']);
    const other = spawn('apt-get', ['install', '-y', 'toyslow'], {
      env: { ...process.env, ...apt.env },
      stdio: 'ignore',
    });
    await askUntil('the other apt to unpack', () =>
      systemFiles.facts(join(root, 'usr/share/toyslow/version')),
    );
    const plan = await packages.inventory.plans.patches(everything, waiting);
    expect(stepsOf(plan)).toEqual(['upgrade toyhello 1.0-1 1.1-1']);
    expect(plan.busy).toMatch(/apt-get|dpkg/);
    await writeFile(join(root, 'tmp/toyslow-go'), '');
    await (other.exitCode === null ? once(other, 'close') : Promise.resolve());
  });

  it('says that a new C library asks for a reboot', async () => {
    const host = await situation(folder.path, {
      published: {
        main: [
          { name: 'libc6', version: '1' },
          { name: 'toyhello', version: '1' },
        ],
      },
      installed: ['libc6', 'toyhello'],
    });
    await host.publish({
      main: [
        { name: 'libc6', version: '2' },
        { name: 'toyhello', version: '2' },
      ],
    });
    const reboot = async (exclude: string[]) =>
      (await host.packages.inventory.plans.patches({ ...everything, exclude }, waiting)).reboot;
    expect(await reboot(['libc6'])).toBe('no');
    expect(await reboot([])).toBe('yes');
  });
});

/** Questions to apt that are not answered before they are given up. */
function hangingSimulations(commands: Commands, onStart: () => void): Commands {
  return {
    run: (command) => {
      if (!command.args.includes('--no-remove')) return commands.run(command);
      onStart();
      return commands.run({ ...command, program: 'sleep', args: ['infinity'] });
    },
  };
}

describe('a plan that takes too long, or that nobody waits for', () => {
  it('is given up with clear words', async () => {
    const { root } = await bench(folder.path, ['toyhello']);
    const clock = new ManualClock();
    const started = Promise.withResolvers<void>();
    const host = await openPackageManager({
      root,
      files: systemFiles,
      clock,
      configured: 'auto',
      policy: policyOf(root),
      recorded: ordersOf(root).recorded,
      commands: hangingSimulations(nodeCommands(packageEnvironment(root)), started.resolve),
    });
    const late = host.inventory.plans.patches(everything, waiting);
    await started.promise;
    await clock.advance(100_000);
    await expect(late).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('did not say within 100 s'),
    });
    const gone = new AbortController();
    const unheard = host.inventory.plans.patches(everything, { ...waiting, signal: gone.signal });
    gone.abort();
    await expect(unheard).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
  });
});
