import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askUntil } from '../src/wait.ts';
import { bench, everything, openOn, plainWish, quietRun } from './apt-bench.ts';
import { installed, NEW_RIVALS, rivals, waiting } from './apt-rivals.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('a change that was approved by its plan', () => {
  it('changes nothing when a source publishes in between, and says what is different', async () => {
    const host = await rivals(folder.path);
    const { operations } = host.packages;
    const { plans } = host.packages.inventory;
    const before = await installed(host);
    const plan = await plans.patches(everything, waiting);
    await host.publish({
      main: [
        ...NEW_RIVALS.filter((one) => one.version !== '3'),
        { name: 'toylibrary', version: '4' },
        { name: 'toyfoe', version: '2' },
      ],
    });
    await expect(
      operations.applyPatches({ ...everything, planHash: plan.hash }, quietRun()),
    ).rejects.toMatchObject({
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
    const now = await plans.patches(everything, waiting);
    await operations.applyPatches({ ...everything, planHash: now.hash }, quietRun());
    expect(await installed(host)).toContain('toylibrary 4');
  });

  it('changes nothing when nobody remembers the plan, or when nothing is left to do', async () => {
    const host = await rivals(folder.path);
    const { operations } = host.packages;
    const before = await installed(host);
    const planHash = 'ab'.repeat(32);
    await expect(operations.applyPatches({ ...everything, planHash }, quietRun())).rejects.toMatchObject({
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

describe('a change before whose apt somebody else takes the lock after our last look', () => {
  /** The package manager of a host on which another apt is at work whenever our own is about to start, once. */
  async function outrun() {
    const host = await bench(folder.path, ['toyhello']);
    let other: Promise<unknown> | undefined;
    const tries: string[] = [];
    const { operations } = await openOn(host.root, (commands) => ({
      async run(command) {
        if (!command.statusPipe) return commands.run(command);
        tries.push(command.args.join(' '));
        if (!other) {
          other = host.apt.run('apt-get', ['install', '-y', 'toyslow']);
          await askUntil('the other apt to unpack', () =>
            systemFiles.facts(join(host.root, 'usr/share/toyslow/version')),
          );
        }
        return commands.run(command);
      },
    }));
    const letGo = () => writeFile(join(host.root, 'tmp/toyslow-go'), '');
    return { ...host, operations, tries, letGo, ended: async () => other };
  }
  const removal = { name: 'toyhello', purge: false, force: false };

  it('does not wait inside of apt: it is judged again, by what is forbidden by then', async () => {
    const { operations, packages, root, letGo, ended, tries } = await outrun();
    let holder: string | undefined;
    let forbidding: Promise<unknown> | undefined;
    const onWaitingForLock = (name: string) => {
      holder ??= name;
      forbidding ??= (async () => {
        const policy = join(root, 'etc/linux_patch_api/policy.yaml');
        await mkdir(dirname(policy), { recursive: true });
        await writeFile(policy, 'excluded_packages: [toyhello]\n', { mode: 0o600 });
        await letGo();
      })();
    };
    await expect(operations.remove(removal, quietRun({ onWaitingForLock }))).rejects.toMatchObject({
      code: 'POLICY_DENIED',
    });
    await forbidding;
    await ended();
    expect(holder).toMatch(/apt-get|dpkg/);
    expect(tries).toHaveLength(1);
    expect((await packages.inventory.listPackages()).map((one) => one.name)).toEqual(['toyhello', 'toyslow']);
  });

  it('is done when they are ready and nothing forbids it, and what they did is not of this job', async () => {
    const { operations, letGo, ended, tries } = await outrun();
    const { results } = await operations.remove(removal, quietRun({ onWaitingForLock: () => void letGo() }));
    await ended();
    expect(results).toMatchObject([{ name: 'toyhello', action: 'removed' }]);
    expect(tries).toHaveLength(2);
    for (const one of tries) expect(one).toContain('DPkg::Lock::Timeout=0');
  });

  it('also where it is dpkg that finds the lock taken, which says so in other words', async () => {
    const { operations, letGo, ended, tries } = await outrun();
    const { results } = await operations.hold(
      { names: ['toyhello'], hold: true },
      quietRun({ onWaitingForLock: () => void letGo() }),
    );
    await ended();
    expect(results).toMatchObject([{ name: 'toyhello', action: 'held' }]);
    expect(tries).toHaveLength(2);
  });
});

describe('a change that was approved by its plan and cannot be downloaded whole', () => {
  it('changes nothing, while one without a plan brings the rest in', async () => {
    const host = await rivals(folder.path);
    const { inventory, operations } = host.packages;
    const before = await installed(host);
    await host.publish({ main: [...NEW_RIVALS, { name: 'toyfoe', version: '2' }] });
    const { hash: planHash } = await inventory.plans.patches(everything, waiting);
    await rm(join(host.repository, 'pool/bookworm/toyclient_2_all.deb'));
    const planned = operations.applyPatches({ ...everything, planHash }, quietRun());
    await expect(planned).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
    expect(await installed(host)).toEqual(before);
    await expect(operations.applyPatches(everything, quietRun())).rejects.toMatchObject({
      code: 'NETWORK_ERROR',
    });
    expect(await installed(host)).toEqual(expect.arrayContaining(['toyclient 1', 'toyfoe 2']));
  });
});
