import { AGENT_ROUTES, type Envelope, Job, JobAccepted, Plan } from '@linux-patch/contract';
import { systemClock, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, startWorld, type World } from '../../agent/test/http/world.ts';
import { createWork } from '../../worker/src/jobs/executor.ts';
import type { Executor } from '../../worker/src/jobs/executor-interface.ts';
import type { PackageJobRequest } from '../../worker/src/jobs/job-request.ts';
import { createCacheRefresher } from '../../worker/src/lists/cache-refresh.ts';
import { openPackageCache } from '../../worker/src/lists/cache-state.ts';
import { askUntil } from '../src/wait.ts';
import { bench } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: Awaited<ReturnType<typeof bench>>;
let world: World;

/** The agent's API over mutual TLS, with its jobs, on a private root of apt. */
beforeAll(async () => {
  folder = await temporaryFolder();
  host = await bench(folder.path, ['toyhello', 'toylib', 'toyapp']);
  const { inventory, operations, refreshQuietly } = host.packages;
  const shared = { files: systemFiles, clock: systemClock, random: systemRandom, logger: memoryLogger() };
  const cache = await openPackageCache({ ...shared, path: `${folder.path}/cache.json` });
  const refresher = createCacheRefresher({
    ...shared,
    cache,
    intervalMs: 0,
    refreshQuietly,
    readSources: () => inventory.sources(),
    isBusy: () => false,
  });
  const work = createWork({
    operations,
    refresher,
    cache,
    clock: systemClock,
    timeoutMs: 60_000,
  });
  const execute: Executor = (request, context) => work(request as PackageJobRequest, context);
  world = await startWorld({
    app: { inventory, cache, refreshNow: () => refresher.refreshNow(60_000) },
    execute,
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function ask(method: string, path: string, body?: object): Promise<Envelope> {
  const answer = await call(world, `/api/v1${path}`, { method, ...(body ? { body } : {}) });
  return answer.envelope;
}

async function plan(path: string, body: object): Promise<Plan> {
  return Plan.parse((await ask('POST', path, body)).data);
}

/** The job that a request becomes, when it has ended. */
async function done(method: string, path: string, body?: object): Promise<Job> {
  const { job_id: id } = JobAccepted.parse((await ask(method, path, body)).data);
  return askUntil(`job ${id} to end`, async () => {
    const job = Job.parse((await ask('GET', `/jobs/${id}`)).data);
    return ['queued', 'running'].includes(job.status) ? undefined : job;
  });
}

const { planPackages, planPatches } = AGENT_ROUTES;
const paths = [planPackages, planPatches].map((route) => route.path);

describe('the routes of plans', () => {
  it('say what an update and an installation would do, and the job does that', async () => {
    const update = await plan('/packages/plan?refresh=true', { operation: 'update', name: 'toyhello' });
    expect(update).toMatchObject({
      steps: [{ action: 'upgrade', name: 'toyhello', from: '1.0-1', to: '1.1-1', asked: true }],
      new_packages: [],
      removed_packages: [],
      left_out: [],
      download_bytes: expect.any(Number),
      disk_bytes: 0,
      reboot: 'no',
      busy: null,
      lists: { status: 'fresh' },
    });
    const install = { packages: [{ name: 'toyconf', version: '1.0-1' }] };
    const planned = await plan('/packages/plan', { operation: 'install', ...install });
    expect(planned.new_packages).toEqual(['toyconf']);
    const job = await done('POST', '/packages', { ...install, plan_hash: planned.plan_hash });
    expect(job).toMatchObject({
      status: 'completed',
      results: [{ name: 'toyconf', action: 'installed', version_after: '1.0-1' }],
    });
    const all = await plan('/patches/plan', { all: true, exclude_packages: ['toyc*'] });
    expect(all.steps.map((one) => one.name)).toEqual(['toyapp', 'toyhello', 'toylib']);
    expect(all.left_out).toMatchObject([{ name: 'toyconf', why: 'excluded' }]);
    expect((await plan('/patches/plan', { packages: [] })).steps).toEqual([]);
  });

  it('refuse what no plan can be made of', async () => {
    const fault = async (path: string, body: object) => (await ask('POST', path, body)).error?.code;
    const [packages = '', patches = ''] = paths.map((path) => path.slice('/api/v1'.length));
    expect(await fault(packages, { operation: 'update', name: 'toynowhere' })).toBe('PKG_NOT_FOUND');
    const unknown = { operation: 'install', packages: [{ name: 'toyhello', version: '9' }] };
    expect(await fault(packages, unknown)).toBe('VERSION_NOT_AVAILABLE');
    expect(await fault(packages, { packages: [{ name: 'toyhello' }] })).toBe('INVALID_REQUEST');
    expect(await fault(packages, { operation: 'remove', name: '-y' })).toBe('INVALID_REQUEST');
    expect(await fault(patches, { all: true, plan_hash: 'ab'.repeat(32) })).toBe('INVALID_REQUEST');
    expect(await fault(patches, { packages: ['toynowhere'] })).toBe('PATCH_NOT_FOUND');
  });
});

describe('jobs that are refused at the last moment', () => {
  it('tell programs what is different and what would have to go', async () => {
    const changed = await done('PUT', '/packages/toyhello', { plan_hash: 'ab'.repeat(32) });
    expect(changed).toMatchObject({
      status: 'failed',
      error_code: 'PLAN_CHANGED',
      results: [],
      error_details: { difference: { known: false, added: [{ name: 'toyhello', to: '1.1-1' }] } },
    });
    const refused = await plan('/packages/plan', { operation: 'remove', name: 'toylib' });
    expect(refused).toMatchObject({
      steps: [],
      left_out: [{ name: 'toylib', asked: true, why: 'refused', removals: ['toyapp'] }],
    });
    expect(await done('DELETE', '/packages/toylib')).toMatchObject({
      status: 'failed',
      error_code: 'DEPENDENCY_CONFLICT',
      results: [],
      error_details: { removals: ['toyapp'] },
    });
    const planned = await plan('/packages/plan', {
      operation: 'remove',
      name: 'toylib',
      allow_removals: true,
    });
    expect(planned.removed_packages).toEqual(['toyapp', 'toylib']);
    const query = `allow_removals=true&plan_hash=${planned.plan_hash}`;
    expect(await done('DELETE', `/packages/toylib?${query}`)).toMatchObject({
      status: 'completed',
      results: [
        { name: 'toyapp', action: 'removed' },
        { name: 'toylib', action: 'removed' },
      ],
    });
  });
});

describe('jobs that hold packages', () => {
  it('name each of them, change nothing twice, and hold none where one is not there', async () => {
    const hold = (names: string[]) => done('POST', '/packages/hold', { packages: names });
    const at = (action: string) => ({ name: 'toyhello', action, version_before: '1.0-1' });
    expect(await hold(['toyhello'])).toMatchObject({
      operation: 'hold',
      status: 'completed',
      packages: ['toyhello'],
      results: [at('held')],
    });
    expect(await hold(['toyhello'])).toMatchObject({ status: 'completed', results: [at('unchanged')] });
    expect(await hold(['toyhello', 'toynowhere'])).toMatchObject({
      status: 'failed',
      error_code: 'PKG_NOT_FOUND',
      results: [],
    });
    expect((await plan('/patches/plan', { all: true })).left_out).toMatchObject([
      { name: 'toyhello', why: 'held' },
    ]);
    const freed = await done('POST', '/packages/unhold', { packages: ['toyhello'] });
    expect(freed).toMatchObject({ status: 'completed', results: [at('unheld')] });
    expect(freed.message).toBe('toyhello 1.0-1 unheld');
  });
});
