import { isPatchError, messageOf, PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { DetachedWork } from '../detached/work.ts';
import type { CacheRefresher } from '../lists/cache-refresh.ts';
import type { PackageCache } from '../lists/cache-state.ts';
import type {
  ChangePermission,
  OperationOutcome,
  OperationRun,
  PackageOperations,
  SourceFailure,
} from '../package-interface/package-operations.ts';
import type { JobContext, PackageWork, RebootNeed, WorkOutcome } from './executor-interface.ts';
import { rebootDelayMs } from './follow-with-reboot.ts';
import type { ApplyJobRequest, PackageJobRequest } from './job-request.ts';
import { type Done, summaryOf } from './summary.ts';

export interface WorkOptions {
  /** Package work that outlives the agent, where the host allows it. */
  readonly detached?: DetachedWork | undefined;
  readonly operations: PackageOperations;
  readonly refresher: Pick<CacheRefresher, 'refresh'>;
  readonly cache: Pick<PackageCache, 'noteApplied'>;
  readonly clock: Clock;
  /** Why the host may not reboot at an instant (epoch milliseconds), as a clause; undefined when it may. */
  readonly refuseReboot?: ((jobId: string, dueMs: number) => Promise<string | undefined>) | undefined;
  /** `package_manager.require_all_sources`: nothing is applied while a source cannot be refreshed. */
  readonly requireAllSources?: boolean;
  /** The job's own limit, passed on so that programs end themselves a little earlier than the job. */
  readonly timeoutMs: number;
}

/** Shares of a job's progress, in percent of the whole. */
const REPAIR_SHARE = 2;
const REFRESH_SHARE = 10;
const WHOLE = 99;

type ActiveApply = ApplyJobRequest & {
  readonly selection: Exclude<ApplyJobRequest['selection'], { kind: 'none' }>;
};

/** Does what jobs ask for with the host's package manager, up to a reboot. */
export function createWork(options: WorkOptions): PackageWork {
  return async (request, context) => {
    if (request.operation === 'patch_apply') {
      const { selection } = request;
      if (selection.kind === 'none') return { message: 'Nothing to do: the list of packages is empty' };
      return apply(options, { ...request, selection }, context);
    }
    const outcome = (await adopt(options, context)) ?? (await work(options, request, context));
    return { message: summaryOf(outcome) };
  };
}

async function work(
  options: WorkOptions,
  request: Exclude<PackageJobRequest, { operation: 'patch_apply' }>,
  context: JobContext,
): Promise<Done & OperationOutcome> {
  if (request.operation === 'hold' || request.operation === 'unhold') {
    const wish = { names: request.names, hold: request.operation === 'hold' };
    const held = await options.operations.hold(wish, watch(options, context, { from: 0, to: WHOLE }));
    note(held, context);
    return held;
  }
  await repairFirst(options, request, context);
  const operation = workOf(options.operations, request);
  // Neither needs the newest versions, and older lists may know more of the older ones.
  if (request.operation === 'remove' || request.operation === 'rollback')
    return withRetry(options, context, (run) => operation(run), REPAIR_SHARE);
  // The newest version is the newest of the lists: old ones would install what has a known fault.
  const failedSources = await refresh(options, context);
  return { ...(await withRetry(options, context, (run) => operation(run), REFRESH_SHARE)), failedSources };
}

/** Goes on with what an earlier agent began for this job. */
async function adopt(options: WorkOptions, context: JobContext): Promise<OperationOutcome | undefined> {
  const outcome = await options.operations.adopt(watch(options, context, { from: REFRESH_SHARE, to: WHOLE }));
  if (outcome) note(outcome, context);
  return outcome;
}

function note(outcome: OperationOutcome, { report }: JobContext): void {
  report.results(outcome.results);
  report.exitCode(outcome.exitCode);
}

async function apply(options: WorkOptions, request: ActiveApply, context: JobContext): Promise<WorkOutcome> {
  const done = (await adopt(options, context)) ?? (await applyAfresh(options, request, context));
  await options.cache.noteApplied();
  const message = summaryOf(done);
  refuseBlindness(request, done, message);
  return request.reboot ? { message, reboot: await rebootNeed(options, request, context) } : { message };
}

async function rebootNeed(
  { operations, clock, refuseReboot }: WorkOptions,
  request: ActiveApply,
  { jobId }: JobContext,
): Promise<RebootNeed> {
  const need = await operations.rebootRequired();
  if (!need.required || !refuseReboot) return need;
  return { ...need, refusal: await refuseReboot(jobId, clock.now() + rebootDelayMs(request)) };
}

/**
 * "All security updates" cannot be said to be in while the source of security updates does not answer.
 * @throws PatchError with what was done, and the code of the source that failed.
 */
function refuseBlindness({ selection }: ActiveApply, done: Done, message: string): void {
  const blind = done.failedSources?.find((one) => one.security);
  if (!blind || selection.kind === 'names') return;
  throw new PatchError(blind.code, message);
}

async function applyAfresh(
  options: WorkOptions,
  request: ActiveApply,
  context: JobContext,
): Promise<Done & OperationOutcome> {
  await repairFirst(options, request, context);
  const failedSources = await refresh(options, context);
  const [first] = failedSources;
  if (first && (request.requireAllSources ?? options.requireAllSources)) {
    const reasons = failedSources.map(({ source, reason }) => `${source}: ${reason}`).join(' ');
    const message = `Nothing was applied, because every source has to be fresh first. ${reasons}`;
    throw new PatchError(first.code, message);
  }
  const work = (run: OperationRun) => options.operations.applyPatches(request, run);
  return { ...(await withRetry(options, context, work, REFRESH_SHARE)), failedSources };
}

function workOf(
  operations: PackageOperations,
  request: Exclude<PackageJobRequest, { operation: 'patch_apply' | 'hold' | 'unhold' }>,
): (run: OperationRun) => Promise<OperationOutcome> {
  switch (request.operation) {
    case 'install':
      return (run) => operations.install({ ...request, onlyUpgrade: false }, run);
    case 'update': {
      const packages = [{ name: request.name, version: request.version }];
      return (run) => operations.install({ ...request, packages, onlyUpgrade: true }, run);
    }
    case 'remove':
      return (run) => operations.remove(request, run);
    case 'rollback':
      return (run) => operations.rollback(request, run);
  }
}

/**
 * An installation that was interrupted is mended before anything else, where people can see it. For a job that was
 * approved by its plan nothing is installed that was not in it.
 */
async function repairFirst(
  options: WorkOptions,
  { planHash }: ChangePermission,
  context: JobContext,
): Promise<void> {
  const run = watch(options, context, { from: 0, to: REPAIR_SHARE });
  if (await options.operations.repair(run, { install: planHash === undefined })) {
    context.report.log('An interrupted package installation was repaired first');
  }
}

async function refresh(options: WorkOptions, context: JobContext): Promise<readonly SourceFailure[]> {
  context.report.phase('refreshing', 'Refreshing the package lists');
  const run = watch(options, context, { from: REPAIR_SHARE, to: REFRESH_SHARE, state: 'refreshing' });
  const failed = await options.refresher.refresh(() => options.operations.refresh(run));
  for (const { source, reason } of failed) context.report.log(`Not refreshed: ${source}: ${reason}`);
  context.report.phase(
    'running',
    failed.length === 0
      ? 'The package lists are fresh'
      : 'The package lists are fresh, but not of every source',
  );
  return failed;
}

/** Mirrors move packages away while lists are old: a download that fails is tried once more with fresh lists. */
async function withRetry(
  options: WorkOptions,
  context: JobContext,
  work: (run: OperationRun) => Promise<OperationOutcome>,
  from: number,
): Promise<OperationOutcome> {
  let changed = false;
  const watched = watch(options, context, { from, to: WHOLE });
  const run: OperationRun = {
    ...watched,
    onChanged: (results) => {
      changed ||= results.some((one) => one.action !== 'unchanged');
      watched.onChanged?.(results);
    },
  };
  let outcome: OperationOutcome;
  try {
    outcome = await work(run);
  } catch (error) {
    // After a change in part a second try would hide from the record what the first one did.
    if (!isPatchError(error, 'NETWORK_ERROR') || context.signal.aborted || changed) throw error;
    context.report.log(`A download failed (${messageOf(error)}); trying once more with fresh lists`);
    await refresh(options, context);
    outcome = await work(run);
  }
  note(outcome, context);
  return outcome;
}

/** Turns what an operation reports into the progress of its share of the job. */
function watch(
  options: WorkOptions,
  { jobId, signal, report }: JobContext,
  share: { readonly from: number; readonly to: number; readonly state?: 'refreshing' },
): OperationRun {
  const state = share.state ?? 'running';
  return {
    work: options.detached?.of(jobId),
    signal,
    timeoutMs: options.timeoutMs,
    onChanged: (results) => report.results(results),
    onLine: (line, source) => report.output(line, source),
    onProgress: (percent, message) => {
      report.progress(share.from + ((share.to - share.from) * percent) / 100, message, state);
    },
    onWaitingForLock: (holder) => {
      report.phase('waiting_for_lock', `Waiting for ${holder}, which holds the package database`);
    },
    onLockFree: () => report.phase(state, 'Nobody else holds the package database any more'),
  };
}
