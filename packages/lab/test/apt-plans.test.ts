import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Commands } from '@linux-patch/runtime';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageEnvironment } from '../../worker/src/packages/environment.ts';
import { openPackageManager } from '../../worker/src/packages/open.ts';
import type { HostPlan } from '../../worker/src/packages/package-plans.ts';
import type { ToyPackage } from '../src/apt/deb.ts';
import { must } from '../src/process.ts';
import { askUntil } from '../src/wait.ts';
import { bench, openOn, plainWish, policyOf, quietRun } from './apt-bench.ts';
import { type Situation, situation } from './apt-situation.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const waiting = { signal: new AbortController().signal, limitMs: 100_000 };
const all = { selection: { kind: 'all' as const }, exclude: [] };

/** `action name from to` of each step. */
function stepsOf({ steps }: Pick<HostPlan, 'steps'>): string[] {
  return steps.map(({ action, name, from, to }) => [action, name, from ?? '-', to ?? '-'].join(' '));
}

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

async function installed({ packages }: Pick<Situation, 'packages'>): Promise<string[]> {
  return (await packages.inventory.listPackages()).map((one) => `${one.name} ${one.version}`);
}

/** A door that needs its key in the same version, a client that wants a new library, and a rival of a package. */
const OLD: readonly ToyPackage[] = [
  { name: 'toydoor', version: '1' },
  { name: 'toykey', version: '1', depends: 'toydoor (= 1)' },
  { name: 'toyclient', version: '1' },
  { name: 'toyfoe', version: '1' },
];
const NEW: readonly ToyPackage[] = [
  ...OLD,
  { name: 'toydoor', version: '2' },
  {
    name: 'toyclient',
    version: '2',
    depends: 'toylibrary',
    files: { '/usr/share/toyclient/big': 'x'.repeat(9_000) },
  },
  { name: 'toylibrary', version: '3' },
  { name: 'toyrival', version: '1', conflicts: 'toyfoe' },
];
const NAMES = OLD.map((one) => one.name);

async function rivals(): Promise<Situation> {
  const host = await situation(folder.path, { published: { main: OLD }, installed: NAMES });
  await host.publish({ main: NEW });
  return host;
}

describe('a plan', () => {
  it('of every update names exact versions, new packages and what stays, and the job does exactly that', async () => {
    const host = await rivals();
    const plan = await host.packages.inventory.plans.patches(all, waiting);
    expect(stepsOf(plan)).toEqual(['upgrade toyclient 1 2', 'install toylibrary - 3']);
    expect(plan.steps.map((one) => one.asked)).toEqual([true, false]);
    expect(plan.left).toMatchObject([
      { name: 'toydoor', current: '1', version: '2', why: 'refused', removals: ['toykey'] },
    ]);
    expect(plan.busy).toBeUndefined();
    expect(await installed(host)).toEqual(NAMES.map((name) => `${name} 1`).sort());
    const { results } = await host.packages.operations.applyPatches(
      { ...all, planHash: plan.hash },
      quietRun(),
    );
    expect(results.filter((one) => one.action !== 'unchanged')).toEqual([
      { name: 'toyclient', action: 'upgraded', version_before: '1', version_after: '2' },
      { name: 'toylibrary', action: 'installed', version_before: null, version_after: '3' },
    ]);
    expect(stepsOf(await host.packages.inventory.plans.patches(all, waiting))).toEqual([]);
  });

  it('has the sizes that apt says', async () => {
    const host = await rivals();
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
    const plan = await packages.inventory.plans.patches({ ...all, exclude: ['toyl*'] }, waiting);
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
    const host = await rivals();
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
    const plan = await packages.inventory.plans.patches(all, waiting);
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
      (await host.packages.inventory.plans.patches({ ...all, exclude }, waiting)).reboot;
    expect(await reboot(['libc6'])).toBe('no');
    expect(await reboot([])).toBe('yes');
  });
});

describe('a change that was approved by its plan', () => {
  it('changes nothing when a source publishes in between, and says what is different', async () => {
    const host = await rivals();
    const { operations } = host.packages;
    const { plans } = host.packages.inventory;
    const before = await installed(host);
    const plan = await plans.patches(all, waiting);
    await host.publish({
      main: [
        ...NEW.filter((one) => one.version !== '3'),
        { name: 'toylibrary', version: '4' },
        { name: 'toyfoe', version: '2' },
      ],
    });
    await expect(operations.applyPatches({ ...all, planHash: plan.hash }, quietRun())).rejects.toMatchObject({
      code: 'PLAN_CHANGED',
      message: expect.stringMatching(
        /new: upgrade toyfoe 1 to 2; other: install toylibrary 4 \(was: install toylibrary 3\)/,
      ),
      details: {
        difference: {
          known: true,
          added: [{ name: 'toyfoe', from: '1', to: '2' }],
          removed: [],
          changed: [{ before: { to: '3' }, now: { name: 'toylibrary', to: '4' } }],
          more: 0,
        },
      },
    });
    expect(await installed(host)).toEqual(before);
    const now = await plans.patches(all, waiting);
    await operations.applyPatches({ ...all, planHash: now.hash }, quietRun());
    expect(await installed(host)).toContain('toylibrary 4');
  });

  it('changes nothing when nobody remembers the plan, or when nothing is left to do', async () => {
    const host = await rivals();
    const { operations } = host.packages;
    const before = await installed(host);
    const planHash = 'ab'.repeat(32);
    await expect(operations.applyPatches({ ...all, planHash }, quietRun())).rejects.toMatchObject({
      code: 'PLAN_CHANGED',
      details: { difference: { known: false, added: [{ name: 'toyclient' }, { name: 'toylibrary' }] } },
    });
    const removal = { name: 'toyfoe', purge: false, force: false, planHash };
    await expect(operations.remove(removal, quietRun())).rejects.toMatchObject({ code: 'PLAN_CHANGED' });
    const wish = { ...plainWish, packages: [{ name: 'toyrival' }], planHash };
    await expect(operations.install(wish, quietRun())).rejects.toMatchObject({ code: 'PLAN_CHANGED' });
    const nothing = { kind: 'names' as const, names: ['toyfoe'], securityOnly: false };
    await expect(
      operations.applyPatches({ selection: nothing, exclude: [], planHash }, quietRun()),
    ).rejects.toMatchObject({ code: 'PLAN_CHANGED' });
    expect(await installed(host)).toEqual(before);
  });
});

describe('a change that was approved by its plan while somebody else got in between', () => {
  it('waits for them, looks once more, and changes nothing when they have', async () => {
    const { packages, apt, root } = await bench(folder.path, ['toyhello', 'toylib']);
    const removal = { name: 'toyhello', purge: false, force: false };
    const { hash: planHash } = await packages.inventory.plans.remove(removal, waiting);
    let other: Promise<unknown> | undefined;
    const intrude = async () => {
      other = apt.run('apt-get', ['install', '-y', 'toyslow', 'toyhello-', 'toylib']);
      await askUntil('the other apt to unpack', () =>
        systemFiles.facts(join(root, 'usr/share/toyslow/version')),
      );
    };
    const { operations } = await openOn(root, (commands) => ({
      async run(command) {
        const result = await commands.run(command);
        if (!other && command.args.includes('-s') && command.args.includes('remove')) await intrude();
        return result;
      },
    }));
    const holders: string[] = [];
    const onWaitingForLock = (holder: string) => {
      holders.push(holder);
      void writeFile(join(root, 'tmp/toyslow-go'), '');
    };
    await expect(
      operations.remove({ ...removal, planHash }, quietRun({ onWaitingForLock })),
    ).rejects.toMatchObject({ code: 'PLAN_CHANGED' });
    expect(holders[0]).toMatch(/apt-get|dpkg/);
    await other;
    expect((await packages.inventory.listPackages()).map((one) => one.name)).toEqual(['toylib', 'toyslow']);
  });
});

describe('a change that was approved by its plan and cannot be downloaded whole', () => {
  it('changes nothing, while one without a plan brings the rest in', async () => {
    const host = await rivals();
    const { inventory, operations } = host.packages;
    const before = await installed(host);
    await host.publish({ main: [...NEW, { name: 'toyfoe', version: '2' }] });
    const { hash: planHash } = await inventory.plans.patches(all, waiting);
    await rm(join(host.repository, 'pool/bookworm/toyclient_2_all.deb'));
    const planned = operations.applyPatches({ ...all, planHash }, quietRun());
    await expect(planned).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
    expect(await installed(host)).toEqual(before);
    await expect(operations.applyPatches(all, quietRun())).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
    expect(await installed(host)).toEqual(expect.arrayContaining(['toyclient 1', 'toyfoe 2']));
  });
});

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
      commands: hangingSimulations(nodeCommands(packageEnvironment(root)), started.resolve),
    });
    const late = host.inventory.plans.patches(all, waiting);
    await started.promise;
    await clock.advance(100_000);
    await expect(late).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('did not say within 100 s'),
    });
    const gone = new AbortController();
    const unheard = host.inventory.plans.patches(all, { ...waiting, signal: gone.signal });
    gone.abort();
    await expect(unheard).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
  });
});

describe('a package that nobody named', () => {
  it('is not removed for an installation, an update or a removal unless that is allowed', async () => {
    const host = await rivals();
    const { operations } = host.packages;
    const { plans } = host.packages.inventory;
    const before = await installed(host);
    const rival = { ...plainWish, packages: [{ name: 'toyrival' }] };
    const door = { ...plainWish, onlyUpgrade: true, packages: [{ name: 'toydoor' }] };
    const removal = { name: 'toydoor', purge: false, force: false };
    const named = { kind: 'names' as const, names: ['toydoor'], securityOnly: false };
    const refused = (removals: string[]) => ({
      code: 'DEPENDENCY_CONFLICT',
      message: expect.stringMatching(/Nothing was changed.*would have to be removed.*allow_removals/),
      details: { removals },
    });
    await expect(operations.install(rival, quietRun())).rejects.toMatchObject(refused(['toyfoe']));
    await expect(operations.install(door, quietRun())).rejects.toMatchObject(refused(['toykey']));
    await expect(operations.remove(removal, quietRun())).rejects.toMatchObject(refused(['toykey']));
    await expect(
      operations.applyPatches({ selection: named, exclude: [] }, quietRun()),
    ).rejects.toMatchObject(refused(['toykey']));
    expect(await installed(host)).toEqual(before);
    for (const plan of [
      await plans.install(rival, waiting),
      await plans.install(door, waiting),
      await plans.remove(removal, waiting),
      await plans.patches({ selection: named, exclude: [] }, waiting),
    ])
      expect(plan).toMatchObject({
        steps: [],
        left: [{ why: 'refused', removals: [expect.stringMatching(/^toy(foe|key)$/)] }],
      });

    const planned = await plans.install({ ...rival, allowRemovals: true }, waiting);
    expect(stepsOf(planned)).toEqual(['remove toyfoe 1 -', 'install toyrival - 1']);
    await operations.install({ ...rival, allowRemovals: true, planHash: planned.hash }, quietRun());
    await operations.applyPatches({ selection: named, exclude: [], allowRemovals: true }, quietRun());
    expect(await installed(host)).toEqual(['toyclient 1', 'toydoor 2', 'toyrival 1']);
  });
});

describe('holding packages', () => {
  it('is said once and holds, and again changes nothing', async () => {
    const { packages } = await bench(folder.path, ['toyhello', 'toylib']);
    const { operations } = packages;
    const at = (name: string, action: string) => ({
      name,
      action,
      version_before: '1.0-1',
      version_after: '1.0-1',
    });
    const hold = (names: string[], on: boolean) => operations.hold({ names, hold: on }, quietRun());
    expect((await hold(['toyhello'], true)).results).toEqual([at('toyhello', 'held')]);
    expect((await hold(['toyhello', 'toylib'], true)).results).toEqual([
      at('toyhello', 'unchanged'),
      at('toylib', 'held'),
    ]);
    expect((await packages.inventory.plans.patches(all, waiting)).left.map((one) => one.why)).toEqual([
      'held',
      'held',
    ]);
    expect((await hold(['toyhello'], false)).results).toEqual([at('toyhello', 'unheld')]);
    expect((await hold(['toyhello'], false)).results).toEqual([at('toyhello', 'unchanged')]);
    await expect(hold(['toyhello', 'toynowhere'], true)).rejects.toMatchObject({ code: 'PKG_NOT_FOUND' });
    expect((await packages.inventory.listPackages()).map((one) => one.held)).toEqual([false, true]);
  });
});
