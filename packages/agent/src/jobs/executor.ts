import { isPatchError, type JobResult, messageOf } from '@linux-patch/contract';
import type { DetachedWork } from '../package-manager/detached/work.ts';
import type {
  OperationOutcome,
  OperationRun,
  PackageOperations,
} from '../package-manager/package-operations.ts';
import type { CacheRefresher } from './cache-refresh.ts';
import { REFRESH_LIMIT_MS } from './cache-refresh.ts';
import type { PackageCache } from './cache-state.ts';
import type { Executor, JobContext, JobOutcome } from './executor-interface.ts';
import type { ApplyJobRequest, JobRequest } from './job-request.ts';
import type { Reboot } from './reboot.ts';

export interface ExecutorOptions {
  /** Package work that outlives the agent, where the host allows it. */
  readonly detached?: DetachedWork | undefined;
  readonly operations: PackageOperations;
  readonly refresher: CacheRefresher;
  readonly cache: PackageCache;
  /** Undefined where the agent manages a private package root, whose updates say nothing about this host. */
  readonly reboot: Reboot | undefined;
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

/** Does what jobs ask for with the host's package manager. */
export function createExecutor(options: ExecutorOptions): Executor {
  return async (request, context) => {
    if (request.operation === 'patch_apply') {
      const { selection } = request;
      if (selection.kind === 'none') return { message: 'Nothing to do: the list of packages is empty' };
      return apply(options, { ...request, selection }, context);
    }
    const outcome = (await adopt(options, context)) ?? (await work(options, request, context));
    return { message: summaryOf(outcome.results) };
  };
}

async function work(
  options: ExecutorOptions,
  request: Exclude<JobRequest, { operation: 'patch_apply' }>,
  context: JobContext,
): Promise<OperationOutcome> {
  await repairFirst(options, context);
  const operation = workOf(options.operations, request);
  return withRetry(options, context, (run) => operation(run), REPAIR_SHARE);
}

/** Goes on with what an earlier agent began for this job. */
async function adopt(options: ExecutorOptions, context: JobContext): Promise<OperationOutcome | undefined> {
  const outcome = await options.operations.adopt(watch(options, context, { from: REFRESH_SHARE, to: WHOLE }));
  if (outcome) note(outcome, context);
  return outcome;
}

function note(outcome: OperationOutcome, { report }: JobContext): void {
  report.results(outcome.results);
  report.exitCode(outcome.exitCode);
}

async function apply(
  options: ExecutorOptions,
  request: ActiveApply,
  context: JobContext,
): Promise<JobOutcome> {
  const outcome = (await adopt(options, context)) ?? (await applyAfresh(options, request, context));
  await options.cache.noteApplied();
  const afterwards = request.reboot ? () => rebootIfRequired(options, request, context) : undefined;
  return { message: summaryOf(outcome.results), afterwards };
}

async function applyAfresh(
  options: ExecutorOptions,
  request: ActiveApply,
  context: JobContext,
): Promise<OperationOutcome> {
  await repairFirst(options, context);
  await refresh(options, context);
  const work = (run: OperationRun) => options.operations.applyPatches(request, run);
  return withRetry(options, context, work, REFRESH_SHARE);
}

function workOf(
  operations: PackageOperations,
  request: Exclude<JobRequest, { operation: 'patch_apply' }>,
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
  }
}

/** An installation that was interrupted is mended before anything else, where people can see it. */
async function repairFirst(options: ExecutorOptions, context: JobContext): Promise<void> {
  const run = watch(options, context, { from: 0, to: REPAIR_SHARE });
  if (await options.operations.repair(run)) {
    context.report.log('An interrupted package installation was repaired first');
  }
}

async function refresh(options: ExecutorOptions, context: JobContext): Promise<void> {
  context.report.phase('refreshing', 'Refreshing the package lists');
  const run = watch(options, context, { from: REPAIR_SHARE, to: REFRESH_SHARE, state: 'refreshing' });
  const limited = { ...run, timeoutMs: Math.min(REFRESH_LIMIT_MS, run.timeoutMs) };
  await options.refresher.refresh(() => options.operations.refresh(limited));
  context.report.phase('running', 'The package lists are fresh');
}

/** Mirrors move packages away while lists are old: a download that fails is tried once more with fresh lists. */
async function withRetry(
  options: ExecutorOptions,
  context: JobContext,
  work: (run: OperationRun) => Promise<OperationOutcome>,
  from: number,
): Promise<OperationOutcome> {
  const run = watch(options, context, { from, to: WHOLE });
  let outcome: OperationOutcome;
  try {
    outcome = await work(run);
  } catch (error) {
    if (!isPatchError(error, 'NETWORK_ERROR') || context.signal.aborted) throw error;
    context.report.log(`A download failed (${messageOf(error)}); trying once more with fresh lists`);
    await refresh(options, context);
    outcome = await work(run);
  }
  note(outcome, context);
  return outcome;
}

/** Turns what an operation reports into the progress of its share of the job. */
function watch(
  options: ExecutorOptions,
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
  };
}

async function rebootIfRequired(
  options: ExecutorOptions,
  request: ActiveApply,
  { report }: JobContext,
): Promise<void> {
  const { required, reasons } = await options.operations.rebootRequired();
  if (!required) {
    report.log('No reboot: the updates do not ask for one');
    return;
  }
  const why = reasons.length > 0 ? ` (asked for by ${reasons.join(', ')})` : '';
  if (!options.reboot) {
    report.log(`No reboot${why}: this agent manages a private package root`);
    return;
  }
  report.log(`Reboot in ${request.rebootDelaySeconds} seconds${why}`);
  await options.reboot(request.rebootDelaySeconds);
  report.log('Reboot command executed');
}

/** One line for people. */
function summaryOf(results: readonly JobResult[]): string {
  const changed = results.filter((result) => result.action !== 'unchanged');
  if (changed.length === 0) return 'Nothing to do: everything is as asked for';
  const only = changed.length === 1 ? changed[0] : undefined;
  if (only) {
    const version = only.version_after ?? only.version_before;
    return `${only.name}${version === null ? '' : ` ${version}`} ${only.action}`;
  }
  const counts = new Map<string, number>();
  for (const { action } of changed) counts.set(action, (counts.get(action) ?? 0) + 1);
  return [...counts].map(([action, count]) => `${count} ${action}`).join(', ');
}
