import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bench, everything, plainWish, quietRun } from './apt-bench.ts';
import { installed, rivals, stepsOf, waiting } from './apt-rivals.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('a package that nobody named', () => {
  it('is not removed for an installation, an update or a removal unless that is allowed', async () => {
    const host = await rivals(folder.path);
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
    expect((await packages.inventory.plans.patches(everything, waiting)).left.map((one) => one.why)).toEqual([
      'held',
      'held',
    ]);
    expect((await hold(['toyhello'], false)).results).toEqual([at('toyhello', 'unheld')]);
    expect((await hold(['toyhello'], false)).results).toEqual([at('toyhello', 'unchanged')]);
    await expect(hold(['toyhello', 'toynowhere'], true)).rejects.toMatchObject({ code: 'PKG_NOT_FOUND' });
    expect((await packages.inventory.listPackages()).map((one) => one.held)).toEqual([false, true]);
  });
});
