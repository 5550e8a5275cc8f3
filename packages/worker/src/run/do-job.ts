import { join } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import { hostService, sessionService } from '../detached/service.ts';
import { createDetachedWork, type DetachedWork } from '../detached/work.ts';
import { createWork } from '../jobs/executor.ts';
import type { JobContext, Work } from '../jobs/executor-interface.ts';
import { type GovernedBy, governWork, refuseReboot } from '../jobs/governed.ts';
import { interruption } from '../jobs/recovery.ts';
import type { ChangePolicy } from '../package-interface/change-policy.ts';
import type { PackageManager } from '../package-interface/package-manager.ts';
import type { RunHost } from './host.ts';
import { isCancelled, type RunOrder, readOrder, runFolder } from './order.ts';
import { recordRefreshes } from './record-refreshes.ts';
import { prose, type RunReport, reporterTo } from './report.ts';

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
  const { jobId, host, say } = options;
  const folder = runFolder(options.folder, jobId);
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, cancellation(host, folder, ended.signal)]);
  const context: JobContext = { jobId, signal, report: reporterTo(say) };
  try {
    const order = await readOrder(host.files, folder);
    const work = await openWork(options, order);
    const { message, reboot } = await work(order.request, context);
    say({
      t: 'done',
      message: prose(message),
      reboot: reboot && { ...reboot, reasons: reboot.reasons.map(prose) },
    });
  } catch (error) {
    // The next process of this job goes on where this one was.
    if (!options.signal.aborted) say(failureOf(error));
  } finally {
    ended.abort();
  }
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

async function openWork(options: DoJobOptions, order: RunOrder): Promise<Work> {
  const { jobId, host, say } = options;
  const policy = options.openPolicy(order.clockFault);
  const packages = await options.openPackages(policy);
  if (order.approved) packages.rememberPlan(order.approved);
  const detached = options.attached ? undefined : await openDetachedWork(options);
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
    requireAllSources: order.requireAllSources,
    timeoutMs: order.timeoutMs,
  });
  if (detached && (await detached.stateOf(jobId)) === 'lost') return lostWork(packages, detached);
  return governWork(work, governed, async (id) => (await detached?.of(id).plan()) !== undefined);
}

/** Where package work lives on without whoever began it. */
async function openDetachedWork({ host, folder }: DoJobOptions): Promise<DetachedWork> {
  const { root, files, clock, commands } = host;
  // Units of systemd know nothing of a private root.
  const service = root === '/' ? await hostService(host, 'finish') : sessionService(commands, files);
  return createDetachedWork({ folder: join(folder, 'work'), files, clock, service });
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
