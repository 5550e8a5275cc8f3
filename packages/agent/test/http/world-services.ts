import { join } from 'node:path';
import {
  DAY_MS,
  type HostJobKey,
  type JobResult,
  MINUTE_MS,
  PatchError,
  type ServiceList,
} from '@linux-patch/contract';
import { readBoot } from '@linux-patch/runtime';
import {
  nodeCommands,
  processUsage,
  systemClock,
  systemFiles,
  systemRandom,
} from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import {
  type Executor,
  type JobContext,
  JobJournal,
  type JobReporter,
  openPackageCache,
} from '@linux-patch/worker';
import { createAdmission } from '../../../worker/src/admission/admission.ts';
import { openOrders } from '../../../worker/src/admission/orders.ts';
import { openRunPlace, type RunPlace } from '../../../worker/src/admission/run-place.ts';
import { openHostPolicy } from '../../../worker/src/policy/host-policy.ts';
import { sayChallengeFaults } from '../../../worker/src/signature/challenge-faults.ts';
import { openChallenges } from '../../../worker/src/signature/challenges.ts';
import { openAuditLog } from '../../src/audit/audit-log.ts';
import type { IdentityHealth } from '../../src/health/identity.ts';
import type { HealthSources } from '../../src/health/report.ts';
import { readHostFacts } from '../../src/host/facts.ts';
import { hostNetwork } from '../../src/host/network.ts';
import { type ApiSources, createAgentApp, type RequestOptions } from '../../src/http/app.ts';
import type { ServedListings } from '../../src/http/served-listings.ts';
import { openJobSockets } from '../../src/http/websocket.ts';
import { createChangeIntake } from '../../src/jobs/change-intake.ts';
import type { Changes } from '../../src/jobs/changes.ts';
import { openJobQueue } from '../../src/jobs/queue.ts';
import { createAgentCounters } from '../../src/metrics/counters.ts';
import { shelfInventory } from './shelf-inventory.ts';

const NO_SERVICES: ServiceList = {
  services: [],
  others: [],
  elsewhere: 0,
  unknown: [],
  left_out: 0,
  complete: true,
  looked_at: new Date(0).toISOString(),
};

const noService = async (name: string): Promise<never> => {
  throw new PatchError('SERVICE_NOT_FOUND', `This host has no service named ${name}.`);
};

/** Of every served world. */
export const INSTANCE_ID = '5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11';

/** What is odd about what its API shows. */
export interface OddApp
  extends Partial<Pick<HealthSources, 'packageHealth' | 'refreshInBackground'>>,
    Partial<ServedListings>,
    Partial<Pick<ApiSources, 'hostFacts' | 'identity'>>,
    Partial<ApiSources['services']>,
    Partial<Pick<RequestOptions, 'clock' | 'rateLimits'>> {
  readonly identityHealth?: () => IdentityHealth;
  /** What its worker says which instance it is; undefined while it has not. */
  readonly instanceId?: () => Promise<string | undefined>;
}

export interface ServicesOptions {
  readonly app?: OddApp;
  readonly execute?: Executor;
  /** Which key signs its changes; none unless one is said. */
  readonly jobKey?: () => Promise<HostJobKey>;
}

const soundIdentity = (): IdentityHealth => ({
  config: 'ok',
  certificates: 'ok',
  certificateNotAfterMs: Date.now() + 86_400_000,
  crl: { status: 'missing', thisUpdateMs: undefined, nextUpdateMs: undefined },
  identityTrust: 'code',
  keyOrigin: 'host',
});

/** Where the process of a job would leave what it says. */
const placeIn = (folder: string, job: string) => openRunPlace(systemFiles, join(folder, 'worker'), job);

/** The worker's own admission of changes, in this process. */
function openAdmission(folder: string, pin: () => Promise<HostJobKey>) {
  const shared = { files: systemFiles, clock: systemClock, random: systemRandom };
  const orders = openOrders({ files: systemFiles, folder: join(folder, 'worker') });
  const challenges = join(folder, 'challenges');
  const admission = createAdmission({
    random: systemRandom,
    instant: async () => ({ acceptedAtMs: systemClock.now() }),
    orders,
    placeOf: (job) => placeIn(folder, job),
    pin,
    challenges: sayChallengeFaults(
      openChallenges({ ...shared, folder: challenges, boot: () => readBoot(systemFiles) }),
      challenges,
    ),
    instanceId: async () => INSTANCE_ID,
    policy: openHostPolicy({ files: systemFiles, path: join(folder, 'policy.yaml'), root: folder }),
  });
  const changes: Changes = {
    start: (passed, earlier) => admission.start({ ...passed, isStarters: false }, earlier),
    cancel: (passed) => admission.cancel({ ...passed, isStarters: false }),
    withdraw: async (job) => void (await admission.withdraw(job)),
    takeOver: async () => 0,
  };
  return { orders, changes };
}

/** Notes whether a job waits and what it changed, as the worker's process of a job does. */
function notingReporter(
  { report }: JobContext,
  place: RunPlace,
  changed: (results: readonly JobResult[]) => void,
): JobReporter {
  return {
    log: (text) => report.log(text),
    output: (line, source) => report.output(line, source),
    phase(state, message) {
      void place.noteWaiting(state !== 'running').then(() => report.phase(state, message));
    },
    progress: (percent, message, state) => report.progress(percent, message, state),
    results(results) {
      changed(results);
      report.results(results);
    },
    exitCode: (code) => report.exitCode(code),
    oldCode: (found) => report.oldCode(found),
    reboot: (plan) => report.reboot(plan),
  };
}

/** Everything behind the server, in a folder of its own. */
export async function openServices(options: ServicesOptions) {
  const folder = await temporaryFolder({ inMemory: true });
  const logger = memoryLogger();
  const shared = { files: systemFiles, clock: systemClock, random: systemRandom, logger };
  const auditPath = join(folder.path, 'audit.log');
  const audit = openAuditLog({ path: auditPath, ...shared, retentionMs: 30 * DAY_MS });
  const pin = options.jobKey ?? (async () => ({ pinned: null, by: null, foreign: null }));
  const { orders, changes } = openAdmission(folder.path, pin);
  const work = options.execute ?? (async () => ({ message: 'Nothing to do' }));
  const jobs = await openJobQueue({
    ...shared,
    journal: new JobJournal({ ...shared, folder: join(folder.path, 'jobs') }),
    limits: {
      maxConcurrent: 5,
      maxQueueDepth: 20,
      timeoutMs: 30 * MINUTE_MS,
      retentionMs: 30 * DAY_MS,
      retentionCount: 100,
    },
    async execute(request, context) {
      const place = placeIn(folder.path, context.jobId);
      await place.begin();
      let changed: readonly JobResult[] = [];
      const report = notingReporter(context, place, (results) => {
        changed = results;
      });
      try {
        return await work(request, { ...context, report });
      } finally {
        await orders.noteChanges(context.jobId, changed);
        await orders.end(context.jobId);
      }
    },
  });
  const sockets = openJobSockets({ ...shared, jobs });
  const counters = createAgentCounters(systemClock);
  const odd = options.app ?? {};
  const cache =
    odd.cache ?? (await openPackageCache({ ...shared, path: join(folder.path, 'state/cache.json') }));
  const host = { files: systemFiles, commands: nodeCommands(), network: hostNetwork, root: folder.path };
  const app = createAgentApp(
    {
      health: {
        installation: { instanceId: odd.instanceId ?? (async () => INSTANCE_ID), jobKey: pin },
        jobs,
        cache,
        identity: odd.identityHealth ?? soundIdentity,
        packageHealth: odd.packageHealth ?? (() => ({ words: 'ok', atMs: systemClock.now() })),
        refreshInBackground: odd.refreshInBackground ?? (() => {}),
        startedMonotonicMs: (odd.clock ?? systemClock).monotonicMs(),
      },
      metrics: { counters, processUsage, enrollmentState: async () => undefined },
      hostFacts: odd.hostFacts ?? (() => readHostFacts(host)),
      listings: {
        inventory: odd.inventory ?? shelfInventory(),
        cache,
        refreshNow: odd.refreshNow ?? (async () => {}),
      },
      services: {
        listServices: odd.listServices ?? (async () => NO_SERVICES),
        serviceState: odd.serviceState ?? noService,
      },
      jobs,
      identity: odd.identity,
    },
    {
      clock: odd.clock ?? systemClock,
      random: systemRandom,
      logger,
      audit,
      intake: createChangeIntake({ changes, jobs, onDenied: () => {} }),
      names: () => ['localhost'],
      rateLimits: odd.rateLimits ?? { readsPerMinute: 1000, changesPerMinute: 1000 },
    },
  );
  return { folder, logger, auditPath, audit, counters, jobs, sockets, cache, app };
}

export async function closeServices(services: Awaited<ReturnType<typeof openServices>>): Promise<void> {
  await services.sockets[Symbol.asyncDispose]();
  await services.jobs[Symbol.asyncDispose]();
  await services.audit[Symbol.asyncDispose]();
  await services.folder[Symbol.asyncDispose]();
}
