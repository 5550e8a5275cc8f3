import { join } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import { type Order, type Orders, openOrders, workerFolder, workFolder } from '../admission/orders.ts';
import { hostService, sessionService } from '../detached/service.ts';
import { createDetachedWork, type DetachedWork } from '../detached/work.ts';
import { createWork } from '../jobs/executor.ts';
import type { JobContext, Work } from '../jobs/executor-interface.ts';
import { type GovernedBy, governWork, refuseReboot } from '../jobs/governed.ts';
import { interruption } from '../jobs/recovery.ts';
import type { ChangePolicy } from '../package-interface/change-policy.ts';
import type { PackageManager } from '../package-interface/package-manager.ts';
import type { RunHost } from './host.ts';
import { recordRefreshes } from './record-refreshes.ts';
import { prose, type RunReport, reporterTo } from './report.ts';
import { isCancelled, type RunTerms, readTerms, runFolder } from './terms.ts';

const LOOK_EVERY_MS = 500;

export interface DoJobOptions {
  readonly jobId: string;
  /** `jobs.storage_path`. */
  readonly folder: string;
  /** Whether the package work ends with this process, else it outlives it. */
  readonly attached: boolean;
  readonly host: RunHost;
  /** @param clockFault why the clock cannot be believed */
  readonly openPolicy: (clockFault: string | undefined) => ChangePolicy;
  readonly openPackages: (policy: ChangePolicy) => Promise<PackageManager>;
  readonly say: (report: RunReport) => void;
  /** Aborts when this process is told to end; what outlives it goes on. */
  readonly signal: AbortSignal;
}

/** Does one job from its start, or from where an earlier process left it, and says what comes of it. Never rejects. */
export async function doJob(options: DoJobOptions): Promise<void> {
  const { jobId, host, say, signal, attached } = options;
  const orders = openOrders({ files: host.files, folder: workerFolder(host.root) });
  try {
    await using held = await orders.hold(jobId);
    if (!held) throw doneByAnother();
    const ending = await workOnOrder(options, orders).catch(failureOf);
    // The next process of this job goes on where this one was.
    if (signal.aborted && !attached) return;
    // Whatever is said of it, by whomever: it is not done a second time.
    await orders.end(jobId).catch((error: unknown) => {
      host.logger.error('a job that has ended cannot be crossed out', { job_id: jobId, error });
    });
    if (!signal.aborted) say(ending);
  } catch (error) {
    if (!signal.aborted) say(failureOf(error));
  }
}

/** @throws what the job fails of */
async function workOnOrder(options: DoJobOptions, orders: Pick<Orders, 'find'>): Promise<RunReport> {
  const { jobId, host, say } = options;
  const folder = runFolder(options.folder, jobId);
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, cancellation(host, folder, ended.signal)]);
  try {
    const order = await orders.find(jobId);
    if (!order) throw notAccepted();
    const work = await openWork(options, order, await readTerms(host.files, folder));
    const context: JobContext = { jobId, signal, report: reporterTo(say) };
    const { message, reboot } = await work(order.request, context);
    const need = reboot && { ...reboot, reasons: reboot.reasons.map(prose) };
    return { t: 'done', message: prose(message), reboot: need };
  } finally {
    ended.abort();
  }
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

/** Aborts when the job is cancelled. */
function cancellation({ files, clock }: RunHost, folder: string, ended: AbortSignal): AbortSignal {
  const cancelled = new AbortController();
  const look = async (): Promise<void> => {
    while (!ended.aborted) {
      if (await isCancelled(files, folder).catch(() => false)) {
        const reason = new PatchError('CANCELLED', 'The job was cancelled while it was running.');
        return cancelled.abort(reason);
      }
      await clock.sleep(LOOK_EVERY_MS, ended).catch(() => {});
    }
  };
  void look();
  return cancelled.signal;
}

async function openWork(options: DoJobOptions, order: Order, terms: RunTerms): Promise<Work> {
  const { jobId, host, say } = options;
  const policy = options.openPolicy(terms.clockFault);
  const packages = await options.openPackages(policy);
  if (terms.approved) packages.rememberPlan(terms.approved);
  const detached = options.attached ? undefined : await openDetachedWork(options, order);
  const governed: GovernedBy = {
    policy,
    clock: host.clock,
    onDenied: (denial, { operation }) => say({ t: 'denied', denial, operation }),
  };
  const work = createWork({
    detached,
    operations: packages.operations,
    refresher: recordRefreshes(packages.inventory, host, say),
    cache: { noteApplied: async () => say({ t: 'applied', atMs: host.clock.now() }) },
    clock: host.clock,
    // Under a private root the packages are not this host's, so neither is the reboot.
    refuseReboot: host.root === '/' ? refuseReboot(governed) : undefined,
    requireAllSources: terms.requireAllSources,
    timeoutMs: terms.timeoutMs,
  });
  if (detached && (await detached.stateOf(jobId)) === 'lost') return lostWork(packages, detached);
  return governWork(work, governed, async (id) => (await detached?.of(id).plan()) !== undefined);
}

/**
 * Where package work lives on without whoever began it. What tells that a change has begun, and what was there before, is
 * believed where the worker alone writes; what an earlier release had begun lies where its agent, as root, wrote it.
 */
async function openDetachedWork({ host, folder }: DoJobOptions, { by }: Order): Promise<DetachedWork> {
  const { root, files, clock, commands } = host;
  const place = by.kind === 'earlier_release' ? join(folder, 'work') : workFolder(root);
  // Units of systemd know nothing of a private root.
  const service = root === '/' ? await hostService(host, 'finish') : sessionService(commands, files);
  return createDetachedWork({ folder: place, files, clock, service });
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
