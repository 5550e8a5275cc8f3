import { join } from 'node:path';
import { type JobResult, messageOf, PatchError } from '@linux-patch/contract';
import { isSameBoot, readBoot } from '@linux-patch/runtime';
import { type Order, type Orders, openOrders, workerFolder, workFolder } from '../admission/orders.ts';
import { openRunPlace, type RunPlace } from '../admission/run-place.ts';
import { openWaiting, type Waiting } from '../admission/waiting.ts';
import { hostService, sessionService } from '../detached/service.ts';
import { createTakenOverWork } from '../detached/taken-over-work.ts';
import { createDetachedWork, type DetachedWork } from '../detached/work.ts';
import { createWork } from '../jobs/executor.ts';
import type { JobContext, Work } from '../jobs/executor-interface.ts';
import { withReboot } from '../jobs/follow-with-reboot.ts';
import { type GovernedBy, governWork, refuseReboot } from '../jobs/governed.ts';
import { type HostJobRequest, isHostJob, needsTransaction } from '../jobs/job-request.ts';
import { mergeResults } from '../jobs/merge-results.ts';
import { createReboot } from '../jobs/reboot.ts';
import { interruption } from '../jobs/recovery.ts';
import type { ChangePolicy } from '../package-interface/change-policy.ts';
import type { PackageManager } from '../package-interface/package-manager.ts';
import { openPlannedSteps } from '../requests/planned-steps.ts';
import { listServices } from '../services/list.ts';
import type { RunHost } from './host.ts';
import { type JobSettings, readJobSettings } from './job-settings.ts';
import { noteOldCode } from './note-old-code.ts';
import { cancelReboot, rebootWork } from './reboot-work.ts';
import { recordRefreshes } from './record-refreshes.ts';
import { prose, type RunReport, reporterTo } from './report.ts';
import { restartWork } from './restart-work.ts';
import { stopWhenCancelled, stopWhenLate, watchPhases } from './stopping.ts';

/** Whoever follows has the job on record by then, or there is nobody. */
const RECORD_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 500;

export interface DoJobOptions {
  readonly jobId: string;
  /** Whether the package work ends with this process, else it outlives it. */
  readonly attached: boolean;
  readonly host: RunHost;
  /** Why whoever has it begun does not believe the clock of this host; that can make the verdict stricter alone. */
  readonly clockFault: string | undefined;
  /** @param clockFault why the clock cannot be believed */
  readonly openPolicy: (clockFault: string | undefined) => ChangePolicy;
  readonly openPackages: (policy: ChangePolicy) => Promise<PackageManager>;
  readonly say: (report: RunReport) => void;
  /** Aborts when this process is told to end; what outlives it goes on. */
  readonly signal: AbortSignal;
}

/** How a job ended, and what is left to do when that is on record. */
interface Ending {
  readonly report: RunReport;
  /** What it did, however it ended. */
  readonly results: readonly JobResult[];
  readonly afterwards?: (() => Promise<void>) | undefined;
}

/** Does one job from its start, or from where an earlier process left it, and says what comes of it. Never rejects. */
export async function doJob(options: DoJobOptions): Promise<void> {
  const { jobId, host, say, signal, attached } = options;
  const own = workerFolder(host.root);
  const orders = openOrders({ files: host.files, folder: own });
  const placeOf = (job: string) => openRunPlace(host.files, own, job);
  const place = placeOf(jobId);
  const boot = () => readBoot(host.files);
  const waiting = openWaiting({ files: host.files, clock: host.clock, folder: own, orders, placeOf, boot });
  try {
    await using held = await orders.hold(jobId);
    if (!held) throw doneByAnother();
    const ending = await workOnOrder(options, place, () => orderFor(jobId, { orders, waiting, place }));
    // The next process of this job goes on where this one was.
    if (signal.aborted && !attached) return;
    await orders.noteChanges(jobId, ending.results).catch((error: unknown) => {
      host.logger.error('a job cannot be rolled back, because what it changed cannot be kept', {
        job_id: jobId,
        error,
      });
    });
    // Whatever is said of it, by whomever: it is not done a second time.
    await orders
      .end(jobId)
      .then(() => waiting.noteEnded())
      .catch((error: unknown) => {
        host.logger.error('a job that has ended cannot be crossed out', { job_id: jobId, error });
      });
    // Whoever hears it over a pipe needs no folder.
    if (attached) await place.forget();
    if (signal.aborted) return;
    say(ending.report);
    if (ending.afterwards) await finishAfterwards(options, place, ending.afterwards);
  } catch (error) {
    if (!signal.aborted) say(failureOf(error));
  }
}

/** When the job is on record, or nobody is there who writes it down: the next agent reads here how it ended. */
async function finishAfterwards(
  { jobId, host, signal }: DoJobOptions,
  place: RunPlace,
  work: () => Promise<void>,
): Promise<void> {
  const { clock, logger } = host;
  const startedMs = clock.monotonicMs();
  while (!(await place.isRecorded()) && clock.monotonicMs() - startedMs < RECORD_LIMIT_MS)
    await clock.sleep(LOOK_EVERY_MS, signal);
  await work().catch((error: unknown) => {
    logger.error('work after a completed job failed', { job_id: jobId, error });
  });
}

/** Never rejects, but for a folder that cannot be read. */
async function workOnOrder(
  options: DoJobOptions,
  place: RunPlace,
  findOrder: () => Promise<Order>,
): Promise<Ending> {
  const { jobId, host } = options;
  const ended = new AbortController();
  const watch = watchPhases(options, place);
  const stopped = new AbortController();
  const signal = AbortSignal.any([options.signal, stopped.signal]);
  let results: readonly JobResult[] = [];
  const say = (report: RunReport): void => {
    if (report.t === 'results') results = mergeResults(results, report.results);
    watch.say(report);
  };
  try {
    const order = await findOrder();
    await place.begin();
    const settings = await jobSettings(options, say);
    void stopWhenCancelled(host, { place, watch, stopped, ended: ended.signal });
    await using _turn = await turnOf(options, { order, signal, say });
    void stopWhenLate(host, { timeoutMs: settings.timeoutMs, stopped, ended: ended.signal });
    const work = await openWork(options, { order, settings, say });
    const context: JobContext = { jobId, signal, report: reporterTo(say) };
    // Under a private root the packages are not those that run on this host.
    const noting = host.root === '/' ? noteOldCode(work, (signal) => listServices(host, signal)) : work;
    const { message, afterwards } = await withReboot(noting, rebootOf(host, say))(order.request, context);
    const report = { t: 'done', message: prose(message) } as const;
    if (!afterwards) return { report, results };
    return { report: { ...report, afterwards: 'reboot' }, results, afterwards };
  } catch (error) {
    const report = stopped.signal.aborted ? stoppedBy(stopped.signal.reason, error) : failureOf(error);
    return { report, results };
  } finally {
    ended.abort();
    await watch.settle();
  }
}

/** One at a time, whoever asked for them: the queue of the agent knows nothing of what root's own command has had begun. */
async function turnOf(
  { jobId, host }: Pick<DoJobOptions, 'jobId' | 'host'>,
  {
    order,
    signal,
    say,
  }: { readonly order: Order; readonly signal: AbortSignal; readonly say: DoJobOptions['say'] },
): Promise<AsyncDisposable | undefined> {
  if (!needsTransaction(order.request)) return undefined;
  const orders = openOrders({ files: host.files, folder: workerFolder(host.root) });
  let waited = false;
  const held = await orders.turn(jobId, signal, (other) => {
    waited = true;
    const what = other === undefined ? 'another job of this host' : `job ${other}`;
    say({ t: 'phase', state: 'waiting_for_lock', message: `Waiting for its turn after ${what}` });
  });
  if (waited) say({ t: 'phase', state: 'running', message: 'Its turn has come' });
  return held;
}

/** @throws PatchError when there is none, or it has waited too long */
async function orderFor(
  jobId: string,
  from: {
    readonly orders: Pick<Orders, 'find'>;
    readonly waiting: Pick<Waiting, 'requireFresh'>;
    readonly place: RunPlace;
  },
): Promise<Order> {
  const order = await from.orders.find(jobId);
  if (!order) throw notAccepted();
  // What the worker has begun does not wait any more.
  if (!(await from.place.hasBegun())) await from.waiting.requireFresh(order);
  return order;
}

/** Why a job was stopped says more than what its programs said then. */
function stoppedBy(reason: PatchError, error: unknown): RunReport {
  const exitCode = error instanceof PatchError ? error.details['exit_code'] : undefined;
  const { code, message } = reason;
  const details = typeof exitCode === 'number' ? { exit_code: exitCode } : {};
  return { t: 'failed', code, message, details };
}

async function jobSettings(
  { host: { files, root, configFile: path } }: DoJobOptions,
  say: (report: RunReport) => void,
): Promise<JobSettings> {
  const settings = await readJobSettings({ files, root, path });
  if (settings.fault !== undefined) say({ t: 'log', text: prose(settings.fault) });
  return settings;
}

/** A reboot is recorded by whoever follows. Under a private root the packages are not this host's, so neither is the reboot. */
function rebootOf({ root, clock, commands, logger }: RunHost, say: DoJobOptions['say']) {
  if (root !== '/') return { clock, reboot: undefined };
  const audit = {
    record: (event: 'reboot_scheduled' | 'reboot_failed', details: Readonly<Record<string, unknown>>) =>
      say({ t: 'audit', event, details: { ...details } }),
    flush: async () => {},
  };
  return { clock, reboot: createReboot({ commands, audit, logger }) };
}

/** A request of anybody but the worker itself is none. */
function notAccepted(): PatchError {
  return new PatchError(
    'INTERRUPTED',
    'The worker of this host has not accepted this job, or has done it already; nothing is done now. Check the packages, then ask for the change again.',
  );
}

function doneByAnother(): PatchError {
  return new PatchError(
    'INTERRUPTED',
    'Another process does this job now. What comes of it is not known here.',
  );
}

async function openWork(
  options: DoJobOptions,
  {
    order,
    settings,
    say,
  }: { readonly order: Order; readonly settings: JobSettings; readonly say: DoJobOptions['say'] },
): Promise<Work> {
  const { jobId, host } = options;
  const policy = options.openPolicy(options.clockFault);
  const { recorded } = openOrders({ files: host.files, folder: workerFolder(host.root) });
  const governed: GovernedBy = {
    policy,
    clock: host.clock,
    recorded,
    onDenied: (denial, { operation }) => say({ t: 'denied', denial, operation }),
  };
  const { request } = order;
  if (isHostJob(request))
    return governWork(openHostWork(options, order, request), governed, async () => false);
  const packages = await options.openPackages(policy);
  const approved = await approvedSteps(host, order);
  if (approved) packages.rememberPlan(approved);
  const detached = options.attached ? undefined : await openDetachedWork(host, order, settings);
  const packageWork = createWork({
    detached,
    operations: packages.operations,
    refresher: recordRefreshes(packages.inventory, host, say),
    cache: { noteApplied: async () => say({ t: 'applied', atMs: host.clock.now() }) },
    clock: host.clock,
    // Under a private root the packages are not this host's, so neither is the reboot.
    refuseReboot: host.root === '/' ? refuseReboot(governed) : undefined,
    requireAllSources: settings.requireAllSources,
    timeoutMs: settings.timeoutMs,
  });
  if (detached && (await detached.stateOf(jobId)) === 'lost') return lostWork(packages, detached);
  const work: Work = (_request, context) => packageWork(request, context);
  return governWork(work, governed, async (id) => (await detached?.of(id).plan()) !== undefined);
}

/** The work of a job that is no business of the package manager. */
function openHostWork(
  { host, say }: Pick<DoJobOptions, 'host' | 'say'>,
  { acceptedAt }: Pick<Order, 'acceptedAt'>,
  request: HostJobRequest,
): Work {
  const isBootedSince = async () => {
    const { id } = await readBoot(host.files);
    const before = acceptedAt?.bootId ?? null;
    return id !== null && before !== null && !isSameBoot(before, id);
  };
  if (request.operation === 'restart_service') {
    const restart = restartWork({ host, isBootedSince, look: (signal) => listServices(host, signal), say });
    return (_request, context) => restart(request, context);
  }
  if (request.operation === 'reboot') return () => rebootWork(host, request, isBootedSince);
  return (_request, { jobId }) => cancelReboot(host, jobId, say);
}

/**
 * Where package work lives on without whoever began it. What tells that a change has begun, and what was there before, is
 * believed where the worker alone writes; what an earlier release had begun lies where its agent, as root, wrote it, and is
 * only looked at: the folder is another user's now.
 */
async function openDetachedWork(
  { root, files, clock, commands }: RunHost,
  { by }: Order,
  { storagePath }: JobSettings,
): Promise<DetachedWork> {
  // Units of systemd know nothing of a private root.
  const service =
    root === '/' ? await hostService({ commands, files }, 'finish') : sessionService(commands, files);
  const own = createDetachedWork({ folder: workFolder(root), files, clock, service });
  if (by.kind !== 'earlier_release' || !by.begun) return own;
  const plain = Object.assign({}, files, files.plain);
  const there = { folder: join(storagePath, 'work'), files: plain, clock, service };
  return createTakenOverWork(own, createDetachedWork(there));
}

/** What the plan said by which the job was approved; without it, it is only told that something is different. */
async function approvedSteps({ root, files }: RunHost, { request }: Order) {
  if (!('planHash' in request)) return undefined;
  return openPlannedSteps(files, workerFolder(root))
    .find(request.planHash)
    .catch(() => undefined);
}

/** Of work that nobody can follow any more it is said what is different since it began. */
function lostWork({ operations }: PackageManager, detached: DetachedWork): Work {
  return async (_request, { jobId, report }) => {
    const changed = await operations.changedSince(detached.of(jobId)).catch((error: unknown) => {
      report.log(`What the job had changed cannot be read: ${messageOf(error)}`);
      return undefined;
    });
    if (changed) report.results(changed);
    throw interruption(changed);
  };
}

function failureOf(error: unknown): RunReport {
  if (error instanceof PatchError) {
    const { code, message, details } = error;
    return { t: 'failed', code, message: prose(message), details: { ...details } };
  }
  const full = (error as NodeJS.ErrnoException | null)?.code === 'ENOSPC';
  return {
    t: 'failed',
    code: full ? 'DISK_FULL' : 'UNKNOWN_ERROR',
    message: prose(messageOf(error)),
    details: {},
  };
}
