import { MINUTE_MS } from '@linux-patch/contract';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { createWork } from '../src/jobs/executor.ts';
import type { Work } from '../src/jobs/executor-interface.ts';
import { withReboot } from '../src/jobs/follow-with-reboot.ts';
import type { JobRequest, PackageJobRequest } from '../src/jobs/job-request.ts';
import { JobJournal } from '../src/jobs/journal.ts';
import type { Reboot } from '../src/jobs/reboot.ts';
import { runJob } from '../src/jobs/run-job.ts';
import { RunningJob } from '../src/jobs/running-job.ts';
import { createJob } from '../src/jobs/state.ts';
import { createCacheRefresher } from '../src/lists/cache-refresh.ts';
import type { OperationOutcome, PackageOperations } from '../src/package-interface/package-operations.ts';
import { SOURCE, testCache } from './package-cache.ts';

/** What a change of one package comes to. */
export const upgraded: OperationOutcome = {
  results: [{ name: 'toylib', action: 'upgraded', version_before: '1.0', version_after: '1.1' }],
  exitCode: 0,
};
/** A request for every update. */
export const applyAll = (extra: { reboot?: boolean; rebootDelaySeconds?: number } = {}): JobRequest => ({
  operation: 'patch_apply',
  selection: { kind: 'all' },
  exclude: [],
  reboot: false,
  rebootDelaySeconds: 0,
  ...extra,
});

/** Jobs that work with the given package manager. */
export async function jobWorld(
  given: Partial<PackageOperations>,
  reboot?: Reboot,
  requireAllSources = false,
) {
  const { folder, shared, cache } = await testCache();
  const { clock, logger } = shared;
  const done: string[] = [];
  const operations: PackageOperations = {
    adopt: async () => undefined,
    changedSince: async () => undefined,
    refresh: async () => {
      done.push('refresh');
      return { failed: [], healthy: [] };
    },
    repair: async () => false,
    install: async () => upgraded,
    remove: async () => upgraded,
    rollback: async () => upgraded,
    hold: async () => ({ results: [], exitCode: 0 }),
    applyPatches: async () => {
      done.push('apply');
      return upgraded;
    },
    rebootRequired: async () => ({ required: true, reasons: ['linux-image'] }),
    ...given,
  };
  const refresher = createCacheRefresher({
    ...shared,
    cache,
    intervalMs: 3_600_000,
    readSources: async () => [SOURCE],
    refreshQuietly: async () => {
      done.push('background refresh');
      return { failed: [], healthy: [] };
    },
    isBusy: () => false,
  });
  const settings = { clock, requireAllSources, timeoutMs: 60_000 };
  const packageWork = createWork({ operations, refresher, cache, ...settings });
  const work: Work = (request, context) => packageWork(request as PackageJobRequest, context);
  const execute = withReboot(work, { clock, reboot });
  const journal = new JobJournal({ files: systemFiles, logger, folder: `${folder}/jobs` });
  const unwritten = (error: unknown): void => {
    throw error;
  };
  const start = async (request: JobRequest) => {
    await systemFiles.makeFolder(`${folder}/jobs`, 0o700);
    const core = createJob({ id: systemRandom.uuid(), request, nowMs: clock.now() });
    const events = { publish: () => {} };
    const job = new RunningJob({ core, request, clock, journal, events, changed: () => {}, unwritten });
    const given = { clock, logger, journal, execute, timeoutMs: 30 * MINUTE_MS, detached: undefined };
    return { job, ended: runJob(job, { ...given, isStopping: () => false, unwritten }) };
  };
  const finish = async (request: JobRequest) => {
    const { job, ended } = await start(request);
    await ended;
    return { ...job.core, ...(await journal.readText(job.core.job_id)) };
  };
  return { start, finish, cache, clock, done, refresher };
}
