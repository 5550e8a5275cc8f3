import type { JobResult } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOfSteps } from '../../worker/src/packages/steps.ts';
import { everything, ordersOf, plainWish, quietRun } from './apt-bench.ts';
import type { PackageWorld } from './package-world.ts';
import { WORLDS } from './package-worlds.ts';

/** Building a repository and signing it takes some seconds, on a slow machine a minute or two. */
const PATIENCE = { timeout: 600_000 };

for (const [name, open] of Object.entries(WORLDS))
  describe(`a rollback by ${name} with a real repository`, PATIENCE, () => {
    let world: PackageWorld;
    beforeAll(async () => {
      world = await open();
    }, 600_000);
    afterAll(() => world.close());

    const waiting = { signal: new AbortController().signal, limitMs: 60_000 };
    const versionsOf = async (packages: Awaited<ReturnType<PackageWorld['host']>>['packages']) =>
      (await packages.inventory.listPackages()).map((one) => `${one.name} ${one.version}`);

    /** What a job is on record with. */
    const noted = async (root: string, results: readonly JobResult[]): Promise<string> => {
      const job = crypto.randomUUID();
      await ordersOf(root).noteChanges(job, results);
      return job;
    };

    it('brings back the versions of before an update as it was planned, and takes itself back', async () => {
      const { packages, root } = await world.host(['toyapp', 'toyhello', 'toyheld']);
      const { operations, inventory } = packages;
      const before = await versionsOf(packages);
      const updated = await operations.applyPatches({ ...everything, exclude: ['toyheld'] }, quietRun());
      const after = await versionsOf(packages);
      const job = await noted(root, updated.results);
      const plan = await inventory.plans.rollback({ job }, waiting);
      expect(plan.left).toEqual([]);
      expect(plan.steps.map((one) => [one.action, one.name, one.to, one.asked])).toEqual([
        ['downgrade', 'toyapp', world.old, true],
        ['downgrade', 'toyhello', world.old, true],
        ['downgrade', 'toylib', world.old, true],
      ]);
      const back = await operations.rollback({ job, planHash: hashOfSteps(plan.steps) }, quietRun());
      expect(back.results.map((one) => one.action)).toEqual(['downgraded', 'downgraded', 'downgraded']);
      expect(await versionsOf(packages)).toEqual(before);
      expect(await operations.rollback({ job }, quietRun())).toMatchObject({ results: [] });
      const again = await operations.rollback({ job: await noted(root, back.results) }, quietRun());
      expect(again.results.map((one) => one.action)).toEqual(['upgraded', 'upgraded', 'upgraded']);
      expect(await versionsOf(packages)).toEqual(after);
    });

    it('removes what came in, and installs what went, in one job', async () => {
      const { packages, root } = await world.host(['toyhello']);
      const { operations, inventory } = packages;
      const came = await operations.install({ ...plainWish, packages: [{ name: 'toyapp' }] }, quietRun());
      const went = await operations.remove({ name: 'toyhello', purge: false, force: false }, quietRun());
      const job = await noted(root, [...came.results, ...went.results]);
      const { steps } = await inventory.plans.rollback({ job }, waiting);
      expect(steps.map((one) => [one.action, one.name, one.to])).toEqual([
        ['remove', 'toyapp', null],
        ['install', 'toyhello', world.old],
        ['remove', 'toylib', null],
      ]);
      await operations.rollback({ job, planHash: hashOfSteps(steps) }, quietRun());
      expect(await versionsOf(packages)).toEqual([`toyhello ${world.old}`]);
      const only = await noted(root, came.results);
      await operations.install({ ...plainWish, packages: [{ name: 'toyapp' }] }, quietRun());
      await operations.rollback({ job: only }, quietRun());
      expect(await versionsOf(packages)).toEqual([`toyhello ${world.old}`]);
    });

    it('says what is not to be had any more before anything begins, and then does nothing', async () => {
      const { packages, root } = await world.host(['toyhello', 'toylib']);
      const gone = { action: 'upgraded' as const, version_before: '0.9-1', version_after: world.old };
      const job = await noted(root, [
        { ...gone, name: 'toyhello' },
        { name: 'toylib', action: 'installed', version_before: null, version_after: world.old },
        { name: 'toynowhere', action: 'removed', version_before: '3-1', version_after: null },
      ]);
      const { steps, left } = await packages.inventory.plans.rollback({ job }, waiting);
      expect(steps).toEqual([]);
      expect(left.map((one) => [one.name, one.version, one.asked, one.why])).toEqual([
        ['toyhello', '0.9-1', true, 'unavailable'],
        ['toynowhere', '3-1', true, 'unavailable'],
      ]);
      await expect(packages.operations.rollback({ job }, quietRun())).rejects.toMatchObject({
        code: 'VERSION_NOT_AVAILABLE',
        message: expect.stringMatching(/^Nothing was changed.*toyhello 0\.9-1.*toynowhere 3-1/),
        details: {
          unavailable: [
            { name: 'toyhello', version: '0.9-1', available: expect.arrayContaining([world.old]) },
            { name: 'toynowhere', version: '3-1', available: [] },
          ],
        },
      });
      expect(await versionsOf(packages)).toEqual([`toyhello ${world.old}`, `toylib ${world.old}`]);
    });

    it('removes nothing that the job had not brought', async () => {
      const { packages, root } = await world.host(['toyapp', 'toyhello']);
      const job = await noted(root, [
        { name: 'toylib', action: 'installed', version_before: null, version_after: world.old },
      ]);
      await expect(packages.operations.rollback({ job }, quietRun())).rejects.toMatchObject({
        code: 'DEPENDENCY_CONFLICT',
        details: { removals: ['toyapp'] },
      });
      await packages.operations.rollback({ job, allowRemovals: true }, quietRun());
      expect(await versionsOf(packages)).toEqual([`toyhello ${world.old}`]);
    });
  });
