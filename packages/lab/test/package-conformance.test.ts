import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobResult, PlanStep } from '@linux-patch/contract';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOfSteps } from '../../worker/src/packages/steps.ts';
import { everything, openOn, ordersOf, plainWish, quietRun } from './apt-bench.ts';
import type { PackageWorld } from './package-world.ts';
import { WORLDS } from './package-worlds.ts';

/** Building a repository and signing it takes some seconds, on a slow machine a minute or two. */
const PATIENCE = { timeout: 600_000 };

const DISTRIBUTIONS: Readonly<Record<string, string>> = {
  apt: 'debian',
  dnf: 'rocky',
  zypper: 'opensuse-leap',
  pacman: 'arch',
};

/** What a package manager does not do, it says in a sentence that begins with its name. */
const refusedIn = ({ name }: PackageWorld) => ({
  code: 'INVALID_REQUEST',
  message: expect.stringMatching(new RegExp(`^${name}.*Nothing was changed\\.$`)),
});

/** What steps say of the security fixes that they bring in or take back. */
const securityOf = (steps: readonly PlanStep[]) => steps.map((one) => [one.name, one.security]);
/** The same of all three packages that wait; of a package manager that does not tell, nothing is known. */
const fixesIn = ({ knowsSecurity }: PackageWorld) => [
  ['toyapp', knowsSecurity ? false : null],
  ['toyhello', knowsSecurity ? false : null],
  ['toylib', knowsSecurity ? true : null],
];

for (const [name, open] of Object.entries(WORLDS))
  describe(`${name} with a real repository`, PATIENCE, () => {
    let world: PackageWorld;
    beforeAll(async () => {
      world = await open();
    }, 600_000);
    afterAll(() => world.close());

    const waiting = { signal: new AbortController().signal, limitMs: 60_000 };
    const versionsOf = async (packages: Awaited<ReturnType<PackageWorld['host']>>['packages']) =>
      (await packages.inventory.listPackages()).map((one) => `${one.name} ${one.version}`);

    it('lists what is installed and what waits, with what mends a fault and what is held', async () => {
      const { packages, hold } = await world.host(['toyhello', 'toylib', 'toyheld']);
      await hold('toyheld');
      const listed = await packages.inventory.listPackages();
      expect(listed.map((one) => [one.name, one.version, one.status, one.latest_version])).toEqual([
        ['toyheld', world.old, 'held', world.next],
        ['toyhello', world.old, 'upgradable', world.next],
        ['toylib', world.old, 'upgradable', world.secure],
      ]);
      const { patches } = await packages.inventory.listPatches();
      expect(patches.map((one) => [one.name, one.security, one.security_known, one.held])).toEqual([
        ['toyheld', false, world.knowsSecurity, true],
        ['toyhello', false, world.knowsSecurity, false],
        ['toylib', world.knowsSecurity, world.knowsSecurity, false],
      ]);
      const said = patches.map((one) => [one.severity, one.cve_ids.length, one.advisories.length]);
      expect(said[2]).toEqual(world.saysSeverity ? ['high', 2, 1] : ['unknown', 0, 0]);
    });

    it('applies security updates only, with exact versions and progress that never falls', async () => {
      const { packages } = await world.host(['toyhello', 'toylib']);
      const percents: number[] = [];
      const onProgress = (percent: number) => percents.push(percent);
      const security = { selection: { kind: 'security' as const }, exclude: [] };
      const applying = packages.operations.applyPatches(security, quietRun({ onProgress }));
      if (!world.knowsSecurity) await expect(applying).rejects.toMatchObject(refusedIn(world));
      const { results } = await (world.knowsSecurity
        ? applying
        : packages.operations.applyPatches(
            { ...everything, exclude: ['toyhello'] },
            quietRun({ onProgress }),
          ));
      expect(results).toEqual([
        {
          name: 'toylib',
          action: 'upgraded',
          version_before: world.old,
          version_after: world.secure,
          ...(world.knowsSecurity ? { security: true } : {}),
        },
      ]);
      expect(percents.length).toBeGreaterThan(1);
      expect(percents.at(-1)).toBeLessThanOrEqual(100);
      expect(percents.toSorted((a, b) => a - b)).toEqual(percents);
    });

    it('applies everything but what is held or excluded, and says what stays and why', async () => {
      const { packages, hold } = await world.host(['toyhello', 'toylib', 'toyheld']);
      await hold('toyheld');
      const wish = { ...everything, exclude: ['toyhel?o'] };
      const { results, left } = await packages.operations.applyPatches(wish, quietRun());
      expect(results.map((one) => [one.name, one.action])).toEqual([
        ['toylib', 'upgraded'],
        ['toyheld', 'unchanged'],
      ]);
      expect(left).toMatchObject([{ name: 'toyheld', why: 'held' }]);
    });

    it('installs a chosen version, keeps an edited configuration file, and removes', async () => {
      const { packages, root } = await world.host([]);
      const { operations } = packages;
      const chosen = { ...plainWish, packages: [{ name: 'toyconf', version: world.old }] };
      expect((await operations.install(chosen, quietRun())).results).toEqual([
        { name: 'toyconf', action: 'installed', version_before: null, version_after: world.old },
      ]);
      const file = join(root, 'etc/toyconf.conf');
      await writeFile(file, 'colour = mine\n');
      const update = { ...plainWish, onlyUpgrade: true, packages: [{ name: 'toyconf' }] };
      const updating = operations.install(update, quietRun());
      if (!world.upgradesSome) await expect(updating).rejects.toMatchObject(refusedIn(world));
      const updated = await (world.upgradesSome ? updating : operations.applyPatches(everything, quietRun()));
      expect(updated.results).toMatchObject([
        { name: 'toyconf', action: 'upgraded', kept_files: ['/etc/toyconf.conf'] },
      ]);
      expect(await readFile(file, 'utf8')).toBe('colour = mine\n');
      const removal = { name: 'toyconf', purge: false, force: false };
      expect((await operations.remove(removal, quietRun())).results).toMatchObject([
        { name: 'toyconf', action: 'removed', version_before: world.next },
      ]);
    });

    it.each([
      ['a package that does not exist', { packages: [{ name: 'toynowhere' }] }, 'PKG_NOT_FOUND'],
      [
        'a version that does not exist',
        { packages: [{ name: 'toyhello', version: '9.9' }] },
        'VERSION_NOT_AVAILABLE',
      ],
      ['dependencies that cannot be met', { packages: [{ name: 'toymeta' }] }, 'DEPENDENCY_CONFLICT'],
      ['a name that is an option', { packages: [{ name: '--root=/tmp' }] }, 'PKG_NOT_FOUND'],
      ['a name that is a group', { packages: [{ name: '@toys' }] }, 'PKG_NOT_FOUND'],
      ['a name with a path', { packages: [{ name: '../x' }] }, 'PKG_NOT_FOUND'],
    ])('refuses %s with its own code, and changes nothing', async (_what, wish, code) => {
      const { packages } = await world.host([]);
      const installing = packages.operations.install({ ...plainWish, ...wish }, quietRun());
      await expect(installing).rejects.toMatchObject({ code });
      expect(await versionsOf(packages)).toEqual([]);
    });

    it('removes nothing that nobody named, until that is allowed', async () => {
      const { packages } = await world.host(['toyapp']);
      const removal = { name: 'toylib', purge: false, force: false };
      await expect(packages.operations.remove(removal, quietRun())).rejects.toMatchObject({
        code: 'DEPENDENCY_CONFLICT',
        details: { removals: ['toyapp'] },
      });
      expect(await versionsOf(packages)).toEqual([`toyapp ${world.old}`, `toylib ${world.old}`]);
      await packages.operations.remove({ ...removal, allowRemovals: true }, quietRun());
      expect(await versionsOf(packages)).toEqual([]);
    });

    it('gives an older version only to whoever allows it', async () => {
      const { packages } = await world.host(['toyhello']);
      const { operations } = packages;
      await operations.applyPatches(everything, quietRun());
      const older = { ...plainWish, packages: [{ name: 'toyhello', version: world.old }] };
      await expect(operations.install(older, quietRun())).rejects.toMatchObject({
        code: 'DEPENDENCY_CONFLICT',
      });
      expect(await versionsOf(packages)).toEqual([`toyhello ${world.next}`]);
      const { results } = await operations.install({ ...older, allowDowngrade: true }, quietRun());
      expect(results).toMatchObject([{ action: 'downgraded', version_after: world.old }]);
    });

    it('fails with the words of a script that fails, whatever the program says', async () => {
      const { packages } = await world.host([]);
      const changed: unknown[] = [];
      const run = quietRun({ onChanged: (results) => void changed.push(...results) });
      const broken = { ...plainWish, packages: [{ name: 'toybroken' }] };
      await expect(packages.operations.install(broken, run)).rejects.toMatchObject({
        code: 'SCRIPT_FAILED',
        message: expect.stringMatching(/toybroken.*this script fails on purpose/s),
      });
      expect(changed).toMatchObject([{ name: 'toybroken', action: 'failed', error_code: 'SCRIPT_FAILED' }]);
    });

    it('plans what it then does, and does nothing else than was approved', async () => {
      const { packages } = await world.host(['toyapp', 'toyhello']);
      const { operations } = packages;
      const plan = await packages.inventory.plans.patches(everything, waiting);
      const steps = plan.steps.map((one) => [one.action, one.name, one.to]);
      expect(steps).toContainEqual(['upgrade', 'toylib', world.secure]);
      expect(securityOf(plan.steps)).toEqual(fixesIn(world));
      const planHash = hashOfSteps(plan.steps);
      await operations.applyPatches({ ...everything, exclude: ['toyhello'] }, quietRun());
      const late = operations.applyPatches({ ...everything, planHash }, quietRun());
      await expect(late).rejects.toMatchObject({ code: 'PLAN_CHANGED' });
      expect(await versionsOf(packages)).toContain(`toyhello ${world.old}`);
      const rest = hashOfSteps((await packages.inventory.plans.patches(everything, waiting)).steps);
      const { results } = await operations.applyPatches({ ...everything, planHash: rest }, quietRun());
      expect(results).toMatchObject([{ name: 'toyhello', action: 'upgraded', version_after: world.next }]);
    });

    it('holds and releases', async () => {
      const { packages } = await world.host(['toyhello']);
      const { operations } = packages;
      const holding = operations.hold({ names: ['toyhello'], hold: true }, quietRun());
      if (!world.holds) {
        await expect(holding).rejects.toMatchObject(refusedIn(world));
        return;
      }
      const held = await holding;
      expect(held.results).toMatchObject([{ name: 'toyhello', action: 'held' }]);
      const { left } = await operations.applyPatches(everything, quietRun());
      expect(left).toMatchObject([{ name: 'toyhello', why: 'held' }]);
      const free = await operations.hold({ names: ['toyhello'], hold: false }, quietRun());
      expect(free.results).toMatchObject([{ name: 'toyhello', action: 'unheld' }]);
      await operations.applyPatches(everything, quietRun());
      expect(await versionsOf(packages)).toEqual([`toyhello ${world.next}`]);
    });

    it('waits for whoever holds the package database, and names who it is', async () => {
      const { packages, takeLock } = await world.host(['toyhello']);
      const taken = await takeLock();
      const holders: string[] = [];
      const onWaitingForLock = (holder: string): void => {
        holders.push(holder);
        void taken.letGo();
      };
      const wish = { ...plainWish, packages: [{ name: 'toyconf' }] };
      const { results } = await packages.operations.install(wish, quietRun({ onWaitingForLock }));
      expect(results).toMatchObject([{ name: 'toyconf', action: 'installed' }]);
      expect(holders[0]).toMatch(/^flock \(process \d+\)$/);
    });

    it('never takes a repository with a broken signature, or none at all, for "no updates"', async () => {
      const { packages, breakSignature, takeAway } = await world.spoiledHost(['toyhello']);
      const pending = async () => (await packages.inventory.listPatches()).patches.map((one) => one.name);
      await breakSignature();
      const refreshed = packages.operations.refresh(quietRun()).then(({ failed }) => failed);
      expect(await refreshed.catch((error: unknown) => [error])).toMatchObject([{ code: 'GPG_ERROR' }]);
      expect(await pending()).toEqual(['toyhello']);
      await takeAway();
      await expect(packages.operations.refresh(quietRun())).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
      expect(await pending()).toEqual(['toyhello']);
    });

    it('says when the lists of each source came, by the name that refreshes have for it', async () => {
      const startMs = Date.now();
      const { packages } = await world.host(['toyhello']);
      const { failed, healthy } = await packages.operations.refresh(quietRun());
      const sources = await packages.inventory.sources();
      expect([failed, healthy.toSorted()]).toEqual([[], sources.map((one) => one.id).sort()]);
      for (const { fetchedAtMs } of sources) {
        // Some know whole seconds only.
        expect(fetchedAtMs).toBeGreaterThanOrEqual(startMs - 1_000);
        expect(fetchedAtMs).toBeLessThanOrEqual(Date.now());
      }
    });

    it('shows an available package, an installed one with its files, and none for an unknown name', async () => {
      const { packages } = await world.host(['toyapp']);
      expect(await packages.inventory.findPackage('toyhello')).toMatchObject({
        status: 'available',
        homepage: 'https://example.test/toyhello',
      });
      const own = await packages.inventory.findPackage('toylib');
      expect(own).toMatchObject({ version: world.old, reverse_dependencies: ['toyapp'] });
      expect(own?.files).toContain('/usr/share/toylib/version');
      expect(await packages.inventory.findPackage('toynowhere')).toBeUndefined();
    });

    it('is clean, and knows the state of the disk by its key', async () => {
      const { packages } = await world.host(['toyhello']);
      expect(await packages.inventory.isDatabaseClean()).toBe(true);
      await packages.inventory.listPatches();
      const before = await packages.inventory.revision();
      await packages.inventory.listPatches();
      expect(await packages.inventory.revision()).toBe(before);
      await packages.operations.applyPatches(everything, quietRun());
      expect(await packages.inventory.revision()).not.toBe(before);
    });

    describe('a rollback', () => {
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
        expect(securityOf(plan.steps)).toEqual(fixesIn(world));
        const back = await operations.rollback({ job, planHash: hashOfSteps(plan.steps) }, quietRun());
        expect(back.results.map((one) => one.action)).toEqual(['downgraded', 'downgraded', 'downgraded']);
        expect(await versionsOf(packages)).toEqual(before);
        expect(await operations.rollback({ job }, quietRun())).toMatchObject({ results: [] });
        const undone = await noted(root, back.results);
        expect(securityOf((await inventory.plans.rollback({ job: undone }, waiting)).steps)).toEqual(
          fixesIn(world),
        );
        const again = await operations.rollback({ job: undone }, quietRun());
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

    it('refuses to start below a root that would not keep it inside', async () => {
      await using folder = await temporaryFolder();
      await mkdir(join(folder.path, 'etc'));
      await writeFile(join(folder.path, 'etc/os-release'), `ID=${DISTRIBUTIONS[world.name]}\n`);
      await expect(openOn(folder.path)).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    });
  });
