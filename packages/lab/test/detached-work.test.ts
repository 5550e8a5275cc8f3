import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DAY_MS, MINUTE_MS } from '@linux-patch/contract';
import { nodeCommands, systemClock, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { JobJournal, type JobRequest } from '@linux-patch/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJobQueue } from '../../agent/src/jobs/queue.ts';
import { createChanges } from '../../agent/src/worker-link/changes.ts';
import { childWorker } from '../../agent/src/worker-link/child-worker.ts';
import { createJobProcesses } from '../../agent/src/worker-link/job-processes.ts';
import { createJobRunner } from '../../agent/src/worker-link/job-runner.ts';
import { openWorkerLink } from '../../agent/src/worker-link/link.ts';
import { type Order, openOrders, workerFolder, workFolder } from '../../worker/src/admission/orders.ts';
import { runFolder } from '../../worker/src/admission/run-place.ts';
import { openPackageCache } from '../../worker/src/lists/cache-state.ts';
import { OWN_PROGRAMS } from '../../worker/test/worker-process.ts';
import { askUntil } from '../src/wait.ts';
import { bench } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The jobs of an agent on a root, done by the real worker; opening them again is what a restarted agent does. */
async function openJobs(root: string) {
  const logger = memoryLogger();
  const shared = { files: systemFiles, clock: systemClock, random: systemRandom, logger };
  const cache = await openPackageCache({ ...shared, path: join(root, 'state/cache.json') });
  const jobs = join(root, 'jobs');
  const commands = nodeCommands({}, OWN_PROGRAMS);
  const hostArguments = ['--root', root];
  const link = openWorkerLink(childWorker({ commands, hostArguments }));
  const runner = createJobRunner({
    doors: { ...shared, commands },
    root,
    hostArguments,
    processes: createJobProcesses(link, { logger, clockFault: () => undefined }),
    formerWork: join(jobs, 'work'),
    attached: undefined,
    record: { cache, onDenied: () => {}, onAudited: () => {} },
    withdraw: async () => {},
  });
  const limits = {
    maxConcurrent: 1,
    maxQueueDepth: 9,
    timeoutMs: 30 * MINUTE_MS,
    retentionMs: DAY_MS,
    retentionCount: 99,
  };
  return openJobQueue({
    ...shared,
    journal: new JobJournal({ ...shared, folder: jobs }),
    execute: runner.work,
    limits,
    detached: runner,
  });
}

/** Signals the process of a job, and nothing else: the package manager is in a session of its own. Returns its id. */
async function signalRun(
  root: string,
  jobId: string,
  ...signals: readonly NodeJS.Signals[]
): Promise<number> {
  const pid = Number(await systemFiles.readText(join(runFolder(workerFolder(root), jobId), 'pid')));
  // Anything smaller is everybody's group, or the own one.
  expect(pid).toBeGreaterThan(1);
  for (const signal of signals) process.kill(-pid, signal);
  return pid;
}

async function killRun(root: string, jobId: string): Promise<void> {
  const pid = await signalRun(root, jobId, 'SIGKILL');
  await askUntil('the process of the job to go', async () =>
    (await systemFiles.readText(`/proc/${pid}/cmdline`).catch(() => '')) ? undefined : true,
  );
}

type Jobs = Awaited<ReturnType<typeof openJobs>>;

/** A job for whose packages the worker of a root has an order. */
function install(root: string, jobs: Jobs, ...names: readonly string[]) {
  return installAs(systemRandom.uuid(), root, jobs, ...names);
}

function installAs(job: string, root: string, jobs: Jobs, ...names: readonly string[]) {
  return installBy({ kind: 'unsigned', caller: 'network' }, job, { root, jobs }, ...names);
}

async function installBy(
  by: Order['by'],
  job: string,
  { root, jobs }: { readonly root: string; readonly jobs: Jobs },
  ...names: readonly string[]
) {
  const request: JobRequest = {
    operation: 'install',
    packages: names.map((name) => ({ name })),
    force: false,
    noRecommends: false,
    allowDowngrade: false,
  };
  const orders = openOrders({ files: systemFiles, folder: workerFolder(root) });
  await orders.alone(() => orders.accept({ v: 1, job, request, by, acceptedAtMs: systemClock.now() }));
  return jobs.submit(request, { id: job });
}

/** Has the worker cancel a job, as whoever is allowed to. */
async function cancel(root: string, job: string): Promise<void> {
  const logger = memoryLogger();
  const commands = nodeCommands({}, OWN_PROGRAMS);
  using link = openWorkerLink(childWorker({ commands, hostArguments: ['--root', root] }));
  const change = { line: `DELETE /api/v1/jobs/${job}`, caller: 'network' as const, names: [] };
  const said = await createChanges(link, { logger, onOtherInstance: async () => {} }).cancel({
    change,
    body: new Uint8Array(),
  });
  expect(said.kind).toBe('cancelled');
}

/** toyslow's script waits until a test lets it go on. */
async function untilConfiguring(root: string): Promise<void> {
  await askUntil('toyslow to be unpacked', async () =>
    (await systemFiles.facts(join(root, 'usr/share/toyslow/version'))) ? true : undefined,
  );
}

async function letGoOn(root: string): Promise<void> {
  await mkdir(join(root, 'tmp'), { recursive: true });
  await writeFile(join(root, 'tmp/toyslow-go'), '');
}

function untilFinished(jobs: Jobs, id: string) {
  return askUntil('the job to finish', async () => {
    const job = await jobs.get(id);
    return ['queued', 'running'].includes(job.status) ? undefined : job;
  });
}

describe('package work that outlives the agent', () => {
  it('goes on while the agent restarts, and its job ends as if nothing had happened', async () => {
    const { root, packages } = await bench(folder.path, []);
    const first = await openJobs(root);
    const { job_id } = await install(root, first, 'toyslow');
    await untilConfiguring(root);
    await first[Symbol.asyncDispose]();
    expect(first.find(job_id)?.status).toBe('running');
    await letGoOn(root);

    await using second = await openJobs(root);
    const job = await untilFinished(second, job_id);
    expect(job).toMatchObject({ status: 'completed', exit_code: 0, error: null });
    expect(job.results).toEqual([
      { name: 'toyslow', action: 'installed', version_before: null, version_after: '1.0-1' },
    ]);
    expect(job.output).toContain('Setting up toyslow');
    expect(job.logs.filter((line) => line.includes('Job started'))).toHaveLength(1);
    expect(job.logs.join('\n')).toContain('going on with the job');
    expect(await packages.inventory.isDatabaseClean()).toBe(true);
    await askUntil('the work folder to go', async () =>
      (await readdir(workFolder(root))).length === 0 ? true : undefined,
    );
  });

  it('that ended while no agent was there is reported by the next one', async () => {
    const { root } = await bench(folder.path, []);
    const first = await openJobs(root);
    const { job_id } = await install(root, first, 'toyslow');
    await untilConfiguring(root);
    await first[Symbol.asyncDispose]();
    await letGoOn(root);
    await askUntil('the process of the job to end', async () =>
      (await systemFiles.readText(join(runFolder(workerFolder(root), job_id), 'exit'))) ? true : undefined,
    );
    await using second = await openJobs(root);
    expect(await untilFinished(second, job_id)).toMatchObject({ status: 'completed', exit_code: 0 });
  });

  it('stays with the process of its job, which signals that mean nothing do not end', async () => {
    const { root } = await bench(folder.path, []);
    await using jobs = await openJobs(root);
    const { job_id } = await install(root, jobs, 'toyslow');
    await untilConfiguring(root);
    await signalRun(root, job_id, 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE');
    await letGoOn(root);
    const job = await untilFinished(jobs, job_id);
    expect(job).toMatchObject({ status: 'completed', exit_code: 0 });
    expect(job.logs.join('\n')).not.toContain('going on with the job');
  });

  it('goes on when the process of its job is killed, and the next one says what came of it', async () => {
    const { root } = await bench(folder.path, []);
    await using jobs = await openJobs(root);
    const { job_id } = await install(root, jobs, 'toyslow');
    await untilConfiguring(root);
    await killRun(root, job_id);
    await letGoOn(root);
    const job = await untilFinished(jobs, job_id);
    expect(job).toMatchObject({ status: 'completed', exit_code: 0 });
    expect(job.results.map((one) => [one.name, one.action])).toEqual([['toyslow', 'installed']]);
  });

  it('ends when its job is cancelled, by the agent that came later as well', async () => {
    const { root, packages } = await bench(folder.path, []);
    const first = await openJobs(root);
    const { job_id } = await install(root, first, 'toyslow');
    await untilConfiguring(root);
    await first[Symbol.asyncDispose]();
    await using second = await openJobs(root);
    await askUntil('the job to go on', async () =>
      (await second.get(job_id)).logs.join().includes('going on') ? true : undefined,
    );
    await cancel(root, job_id);
    await second.cancelOrDelete(job_id);
    expect(await untilFinished(second, job_id)).toMatchObject({
      status: 'cancelled',
      error_code: 'CANCELLED',
    });
    expect(await packages.inventory.isDatabaseClean()).toBe(false);
  });

  it('that a power cut ended is reported as interrupted, never done a second time by itself', async () => {
    const { root } = await bench(folder.path, []);
    const first = await openJobs(root);
    const { job_id } = await install(root, first, 'toyslow');
    await untilConfiguring(root);
    await first[Symbol.asyncDispose]();
    await killRun(root, job_id);
    await letGoOn(root);
    const work = join(workFolder(root), job_id);
    await askUntil('apt to end', async () =>
      (await systemFiles.readText(join(work, 'exit'))) ? true : undefined,
    );
    await rm(join(work, 'exit'));
    await using second = await openJobs(root);
    const job = await untilFinished(second, job_id);
    expect(job).toMatchObject({
      status: 'failed',
      error_code: 'INTERRUPTED',
      error: expect.stringContaining('Its results name what is different since it began'),
    });
    expect(job.results.map((one) => [one.name, one.action])).toContainEqual(['toyslow', 'installed']);
    await askUntil('the work folder to go', async () => ((await systemFiles.facts(work)) ? undefined : true));
  });

  it('tells what had changed before it failed', async () => {
    const { root } = await bench(folder.path, []);
    await using jobs = await openJobs(root);
    const { job_id } = await install(root, jobs, 'toyhello', 'toybroken');
    const job = await untilFinished(jobs, job_id);
    expect(job).toMatchObject({ status: 'failed', error_code: 'SCRIPT_FAILED' });
    expect(job.results.map((one) => one.name)).toEqual(['toybroken', 'toyhello']);
  });

  it('has not begun because somebody says so where the agent writes: the policy is asked', async () => {
    const { root } = await bench(folder.path, []);
    await using jobs = await openJobs(root);
    await mkdir(join(root, 'etc/linux_patch_api'), { recursive: true });
    await writeFile(join(root, 'etc/linux_patch_api/policy.yaml'), 'allowed_operations: [remove]\n', {
      mode: 0o600,
    });
    const job = systemRandom.uuid();
    const forged = join(root, 'jobs/work', job);
    await mkdir(forged, { recursive: true });
    const plan = { v: 1, what: 'apt-get', startedAtMs: 0, before: [], wishes: [], autoMarked: [], left: [] };
    await writeFile(join(forged, 'plan.json'), JSON.stringify(plan));
    await writeFile(join(forged, 'exit'), '0\n');
    await installAs(job, root, jobs, 'toyhello');
    expect(await untilFinished(jobs, job)).toMatchObject({ status: 'failed', error_code: 'POLICY_DENIED' });
    expect(await systemFiles.facts(join(root, 'usr/share/toyhello'))).toBeUndefined();
  });

  it.each([
    ['nothing', []],
    ['a link to what root alone reads', ['plan.json', 'exit']],
  ])(
    'that an earlier release began is not begun again, and shows nothing, where its folder has %s',
    async (_what, files) => {
      const { root } = await bench(folder.path, []);
      await using jobs = await openJobs(root);
      const job = systemRandom.uuid();
      const earlier = join(root, 'var/lib/linux_patch_api/jobs/work', job);
      const plan = {
        v: 1,
        what: 'apt-get',
        startedAtMs: 0,
        before: [],
        wishes: [],
        autoMarked: [],
        left: [],
      };
      const texts: Record<string, string> = { 'plan.json': JSON.stringify(plan), exit: '0\n' };
      await mkdir(earlier, { recursive: true });
      for (const name of files) await writeFile(join(earlier, name), texts[name] ?? '');
      await writeFile(join(root, 'secret'), 'root alone reads this\n');
      await symlink(join(root, 'secret'), join(earlier, 'stdout'));
      const before = await readdir(earlier);
      await installBy({ kind: 'earlier_release', begun: true }, job, { root, jobs }, 'toyhello');
      const ended = await untilFinished(jobs, job);
      expect(ended.status).toBe('failed');
      expect(JSON.stringify(ended)).not.toContain('root alone');
      expect(await systemFiles.facts(join(root, 'usr/share/toyhello'))).toBeUndefined();
      expect(await readdir(earlier)).toEqual(before);
    },
  );
});
