import { join } from 'node:path';
import { HOUR_MS, type PolicyDenial } from '@linux-patch/contract';
import {
  createCacheRefresher,
  findBackend,
  JobJournal,
  openPackageCache,
  ordersFolder,
  type PackageInventory,
} from '@linux-patch/worker';
import { auditJobs } from '../jobs/audit-jobs.ts';
import { type ChangeIntake, createChangeIntake } from '../jobs/change-intake.ts';
import type { Changes } from '../jobs/changes.ts';
import { type JobQueue, openJobQueue } from '../jobs/queue.ts';
import type { RunRecord } from '../worker-link/apply-report.ts';
import { createChanges } from '../worker-link/changes.ts';
import { type HostState, openHostState } from '../worker-link/host-state.ts';
import type { InstanceId } from '../worker-link/instance.ts';
import { createWorkerInventory } from '../worker-link/inventory.ts';
import { createJobProcesses } from '../worker-link/job-processes.ts';
import { createJobRunner, type JobRunner } from '../worker-link/job-runner.ts';
import type { WorkerLink } from '../worker-link/link.ts';
import { openListingFile } from '../worker-link/listing-file.ts';
import { createListingKeeper, type ListingKeeper } from '../worker-link/listing-keeper.ts';
import { createListings } from '../worker-link/listings.ts';
import { openPackageHealthFile } from '../worker-link/package-health-file.ts';
import { createPackageLists } from '../worker-link/package-lists.ts';
import { createWorkerPlans } from '../worker-link/plans.ts';
import { followRootsJobs } from '../worker-link/roots-jobs.ts';
import { createWorkerServices, type WorkerServices } from '../worker-link/services.ts';
import type { AgentContext } from './agent-context.ts';
import { hostArgumentsOf, instanceOf, linkOf } from './compose-worker.ts';

/** What a request to the worker has room for. */
const MOST_FAULT = 4_096;
/** What is left of a job after its limit: ending its programs, and finding out what they did. */
const AFTER_LIMIT_MS = HOUR_MS;

type WorkContext = Pick<AgentContext, 'host' | 'settings' | 'time' | 'report' | 'program'>;

/** Jobs, and what they work with. */
export interface Work {
  /** As the worker reads it, and what follows. */
  readonly state: Pick<HostState, 'health' | 'begin'>;
  readonly inventory: PackageInventory;
  readonly jobs: JobQueue;
  readonly intake: ChangeIntake;
  readonly instance: Pick<InstanceId, 'current' | 'confirm'>;
  /** What is known of the package lists, and who keeps them fresh. */
  readonly lists: {
    readonly cache: Awaited<ReturnType<typeof openPackageCache>>;
    readonly refresher: ReturnType<typeof createCacheRefresher>;
  };
  readonly keeper: ListingKeeper;
  /** What runs on this host, as the worker sees it. */
  readonly services: WorkerServices;
}

/** Why the clock cannot be believed now. */
function clockFaultOf({ verdict }: WorkContext['time']['clockWatch']): string | undefined {
  return verdict.state === 'ok' ? undefined : verdict.message.slice(0, MOST_FAULT);
}

/** What becomes of a change that the policy of the host forbids. */
function denialsOf({ report }: WorkContext) {
  const { audit, logger } = report;
  return (denial: PolicyDenial, about: { readonly operation: string }): void => {
    audit.record('policy_denied', { ...about, ...denial });
    logger.warn('The policy of this host forbids a change', { ...about, ...denial });
  };
}

/** What does the work of jobs, in processes of their own. */
async function openRunner(
  context: WorkContext,
  parts: {
    readonly link: WorkerLink;
    readonly record: RunRecord;
    readonly changes: Changes;
  },
): Promise<JobRunner> {
  const { host, settings, time, report, program } = context;
  const { root } = host;
  const { jobs } = settings.config;
  const { logger } = report;
  const { clock, clockWatch } = time;
  const clockFault = () => clockFaultOf(clockWatch);
  return createJobRunner({
    doors: { files: host.files, clock, logger, commands: program.commands },
    root,
    hostArguments: hostArgumentsOf(context),
    processes: createJobProcesses(parts.link, { logger, clockFault }),
    formerWork: join(jobs.storage_path, 'work'),
    // What is done under a private root ends with the agent, so that nothing of it is left when its folder goes.
    attached: root === '/' ? undefined : { limitMs: jobs.limits.timeoutMs + AFTER_LIMIT_MS, clockFault },
    record: parts.record,
    withdraw: (job) => parts.changes.withdraw(job),
  });
}

/** What a release accepted whose agent did that itself, and did not end. */
async function takeOverEarlierJobs({ host, settings, report }: WorkContext, changes: Changes): Promise<void> {
  const { files, root } = host;
  const folder = settings.config.jobs.storage_path;
  if (await files.facts(ordersFolder(root))) return;
  const names = await files.list(folder, { missingOk: true });
  if (!names.some((name) => name.endsWith('.json'))) return;
  try {
    const count = await changes.takeOver();
    report.logger.info('jobs of an earlier release are gone on with', { count });
  } catch (error) {
    report.logger.error('jobs of an earlier release that have not ended cannot be gone on with', { error });
  }
}

function openState({ host, settings, time, report }: WorkContext, link: WorkerLink): Promise<HostState> {
  const { files } = host;
  const path = join(settings.paths.dataFolder, 'state/package-health.json');
  const file = openPackageHealthFile({ path, files, logger: report.logger });
  return openHostState({ link, files, clock: time.clock, file });
}

/** Opens the package manager and the job queue; the stack owns what must be closed. */
export async function openWork(context: WorkContext, stack: AsyncDisposableStack): Promise<Work> {
  const { files, root } = context.host;
  const { config, paths } = context.settings;
  const { clock, random, clockWatch } = context.time;
  const { logger, audit } = context.report;
  const configured = config.package_manager.backend;
  const onDenied = denialsOf(context);
  const name = await findBackend(files, configured, root);
  const link = linkOf(context);
  const path = join(paths.dataFolder, 'state/packages.json');
  const listings = createListings({ link, files, file: openListingFile({ path, files, logger }) });
  const listsSettled = (): Promise<void> => refresher.settled();
  const keeper = stack.use(createListingKeeper({ listings, listsSettled, clock, logger }));
  // Closed first, so that nobody waits for an answer.
  stack.use(link);
  const instance = instanceOf(context, link, context.time.signal);
  instance.begin();
  const changes = createChanges(link, { logger, onOtherInstance: () => instance.ask() });
  await takeOverEarlierJobs(context, changes);
  const packageLists = createPackageLists(link);
  const cache = await openPackageCache({
    path: join(paths.dataFolder, 'state/cache.json'),
    files,
    clock,
    logger,
  });
  const opened: { queue?: JobQueue } = {};
  const refresher = stack.use(
    createCacheRefresher({
      cache,
      clock,
      random,
      logger,
      intervalMs: config.package_manager.refreshMs,
      refreshQuietly: packageLists.refresh,
      readSources: packageLists.sources,
      isBusy: () =>
        opened.queue?.list().some((job) => job.state === 'running' || job.state === 'refreshing') ?? false,
    }),
  );
  const onAudited: RunRecord['onAudited'] = ({ event, details }) => audit.record(event, details);
  const runner = await openRunner(context, {
    link,
    record: { cache, onDenied, onAudited },
    changes,
  });
  const jobs = stack.use(
    await openJobQueue({
      journal: new JobJournal({ folder: config.jobs.storage_path, files, logger }),
      clock,
      random,
      logger,
      limits: config.jobs.limits,
      mayForget: () => clockWatch.verdict.state === 'ok',
      execute: runner.work,
      detached: root === '/' ? runner : undefined,
    }),
  );
  stack.use(auditJobs(jobs.events, audit));
  stack.use(followRootsJobs({ files, clock, logger, root, takeIn: (job) => jobs.takeIn(job) }));
  stack.use(jobs.events.subscribe(({ job }) => job.completed_at !== null && keeper.nudge()));
  opened.queue = jobs;
  const state = stack.use(await openState(context, link));
  const plans = createWorkerPlans({
    link,
    clock,
    clockFault: () => clockFaultOf(clockWatch),
  });
  const inventory = createWorkerInventory(link, { name, plans, listings, state });
  const intake = createChangeIntake({ changes, jobs, onDenied });
  const services = createWorkerServices(link);
  return { state, inventory, jobs, intake, instance, lists: { cache, refresher }, keeper, services };
}
