import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeCommands, systemClock, systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { childWorker } from '../../agent/src/worker-link/child-worker.ts';
import { openHostState } from '../../agent/src/worker-link/host-state.ts';
import { createWorkerInventory } from '../../agent/src/worker-link/inventory.ts';
import { openWorkerLink } from '../../agent/src/worker-link/link.ts';
import { openListingFile } from '../../agent/src/worker-link/listing-file.ts';
import { createListings } from '../../agent/src/worker-link/listings.ts';
import { openPackageHealthFile } from '../../agent/src/worker-link/package-health-file.ts';
import { createWorkerPlans } from '../../agent/src/worker-link/plans.ts';
import { sourcesAnswer } from '../../worker/src/requests/package-lists.ts';
import { OWN_PROGRAMS } from '../../worker/test/worker-process.ts';
import { bench, quietRun } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The agent's reading half on a root, with the real worker; counts how often one is started. */
async function startOn({ root, packages }: Awaited<ReturnType<typeof bench>>) {
  const logger = memoryLogger();
  const real = nodeCommands({}, OWN_PROGRAMS);
  let asked = 0;
  const commands: typeof real = {
    run: (command) => {
      asked += 1;
      return real.run(command);
    },
  };
  const link = openWorkerLink(childWorker({ commands, hostArguments: ['--root', root] }));
  const file = openListingFile({ path: join(root, 'state/packages.json'), files: systemFiles, logger });
  const listings = createListings({ link, files: systemFiles, file });
  const kept = openPackageHealthFile({
    path: join(root, 'state/package-health.json'),
    files: systemFiles,
    logger,
  });
  const state = await openHostState({ link, files: systemFiles, clock: systemClock, file: kept });
  const plans = createWorkerPlans({ link, clock: systemClock, clockFault: () => undefined });
  const { name } = packages.inventory;
  const inventory = createWorkerInventory(link, { name, plans, listings, state });
  return { inventory, listings, state, asked: () => asked };
}

it('an agent asks nobody after a start while nothing changed, and says what its package manager says', async () => {
  const host = await bench(folder.path, ['toyhello', 'toylib']);
  const { inventory: told } = host.packages;
  const start = async () => {
    const { inventory, listings, asked } = await startOn(host);
    const listed = [
      await inventory.revision(),
      (await inventory.listPatches()).patches,
      await inventory.listPackages(),
      await inventory.sources(),
    ];
    await listings.settled();
    return { asked: asked(), listed };
  };
  const first = await start();
  expect(first.asked).toBe(1);
  expect(first.listed.slice(1)).toEqual([
    (await told.listPatches()).patches,
    await told.listPackages(),
    sourcesAnswer(await told.sources()),
  ]);
  expect(await start()).toEqual({ asked: 0, listed: first.listed });

  await writeFile(join(host.root, 'etc/apt/apt.conf.d/99own'), '// nothing\n');
  expect((await start()).asked).toBe(1);
  expect((await start()).asked).toBe(0);

  await host.apt.run('apt-mark', ['hold', 'toyhello']);
  const changed = await start();
  expect(changed.asked).toBe(1);
  expect(changed.listed[0]).not.toBe(first.listed[0]);
});

it('sorts versions as the distribution does, and finds one package by its name and architecture', async () => {
  const host = await bench(folder.path, ['toyhello', 'toylib']);
  const { inventory } = await startOn(host);
  const packages = await inventory.listPackages();
  const { inventory: told } = host.packages;
  for (const a of packages)
    for (const b of packages)
      expect(Math.sign(inventory.compareVersions(a.version, b.version))).toBe(
        Math.sign(told.compareVersions(a.version, b.version)),
      );
  const [{ architecture } = { architecture: '' }] = packages;
  for (const name of ['toylib', `toylib:${architecture}`, 'toyapp', 'nowhere'])
    expect(await inventory.findPackage(name)).toEqual(await told.findPackage(name));
});

it('what cannot be read is a failure, and is there again when it can', async () => {
  const host = await bench(folder.path, ['toyhello']);
  const { inventory } = await startOn(host);
  const status = join(host.root, 'var/lib/dpkg/status');
  const good = await systemFiles.readText(status);
  await writeFile(status, 'Package: toyhello\nnonsense\n');
  await expect(inventory.listPackages()).rejects.toMatchObject({ code: 'PKG_MANAGER_ERROR' });
  await expect(inventory.listPatches()).rejects.toMatchObject({ code: 'PKG_MANAGER_ERROR' });
  await writeFile(status, good ?? '');
  expect(await inventory.listPackages()).toHaveLength(1);
});

it('a host without lists lists what is installed, and refuses to say what waits', async () => {
  const host = await bench(folder.path, ['toyhello']);
  await systemFiles.remove(join(host.root, 'var/lib/apt/lists'));
  await systemFiles.makeFolder(join(host.root, 'var/lib/apt/lists/partial'), 0o755);
  const { inventory } = await startOn(host);
  expect(await inventory.listPackages()).toMatchObject([{ name: 'toyhello', latest_version: null }]);
  await expect(inventory.listPatches()).rejects.toMatchObject({
    code: 'SERVICE_UNHEALTHY',
    message: expect.stringContaining('Which updates wait is not known'),
  });
});

const all = { selection: { kind: 'all' as const }, exclude: [] };

it('a plan of the worker is what the job does, and what is different later is said step by step', async () => {
  const host = await bench(folder.path, ['toyhello', 'toylib']);
  const { plans } = (await startOn(host)).inventory;
  const waiting = { signal: new AbortController().signal, limitMs: 60_000 };
  const approved = await plans.patches(all, waiting);
  expect(approved.steps.map((one) => one.name)).toEqual(['toyhello', 'toylib']);
  await host.apt.run('apt-mark', ['hold', 'toyhello']);
  const job = { ...all, planHash: approved.hash };
  // Whoever orders a job says what was approved; the process that does it has seen no plan.
  host.packages.rememberPlan(approved.steps);
  await expect(host.packages.operations.applyPatches(job, quietRun())).rejects.toMatchObject({
    code: 'PLAN_CHANGED',
    details: { difference: { known: true, added: [], removed: [{ name: 'toyhello' }], changed: [] } },
  });
  const { hash: planHash, left } = await plans.patches(all, waiting);
  expect(left).toMatchObject([{ name: 'toyhello', why: 'held' }]);
  const { results } = await host.packages.operations.applyPatches({ ...all, planHash }, quietRun());
  expect(results.filter((one) => one.action === 'upgraded')).toMatchObject([{ name: 'toylib' }]);
});

it('the state of the host is asked for once while nothing changed', async () => {
  const host = await bench(folder.path, ['toyhello']);
  const { inventory, state, asked } = await startOn(host);
  expect(state.health()).toMatchObject({ words: expect.stringMatching(/^unknown: /), atMs: undefined });
  expect(await inventory.rebootRequired()).toEqual(await host.packages.inventory.rebootRequired());
  expect([await inventory.isDatabaseClean(), asked()]).toEqual([true, 1]);
  await writeFile(join(host.root, 'var/lib/dpkg/updates/0001'), '');
  expect([await inventory.isDatabaseClean(), asked()]).toEqual([false, 2]);
  expect(state.health().words).toContain('dpkg was interrupted');
});
