import { AGENT_ROUTES, DAY_MS, HOUR_MS, isPatchError } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { StartedJobRow } from '../database/inventory-schema.ts';
import type { HostRow, ManagerTables } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { FleetClient } from '../fleet-client/client.ts';
import { inTurn } from '../fleet-watch/in-turn.ts';
import { endJob, giveUpBefore, isAcceptedBefore, type JobOutcome } from '../host-jobs/store.ts';
import { addressOf } from '../hosts/store.ts';
import type { EndedJob } from './attribute.ts';
import type { Lister } from './lister.ts';
import type { ListingPace } from './rounds.ts';
import { forgetStarted, forgetStartedBefore, readStarted } from './started-jobs.ts';

/** Follows the jobs that this manager started: keeps what became of them, and lists their hosts. */
export interface JobFollower {
  /** A job of a host is on record as started: when it ends, the host is listed at once, and what the job changed is its work. */
  follow(hostId: string): void;
  /** Looks now what became of the jobs of a host. */
  look(hostId: string, signal: AbortSignal): Promise<void>;
  /** Follows jobs until the signal aborts. */
  keepFollowing(signal: AbortSignal): Promise<void>;
}

export interface JobFollowerParts {
  readonly db: Kysely<ManagerTables>;
  readonly fleet: FleetClient;
  readonly lister: Lister;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pace: ListingPace;
}

/** How often a host is asked about a job: more seldom the longer it takes. */
const LOOK_MS = 5_000;
const MAX_LOOK_MS = 30_000;
/** No job takes longer; what it changes afterwards counts as done by somebody else. */
const FOLLOWED_MS = DAY_MS;
const TIMEOUT_MS = 10_000;

export function createJobFollower(parts: JobFollowerParts): JobFollower {
  const { db, clock, logger, pace } = parts;
  /** By host: when it may be asked again, on the monotonic clock. */
  const nextLookMs = new Map<string, number>();
  let nap = new AbortController();
  const round = async (signal: AbortSignal): Promise<boolean> => {
    const oldestMs = clock.now() - FOLLOWED_MS;
    const rows = await readStarted(db);
    if (rows.some((row) => row.started_at < oldestMs))
      await inTransaction(db, (own) => forgetStartedBefore(own, oldestMs));
    await giveUp(parts, oldestMs - HOUR_MS);
    const jobs = Map.groupBy(
      rows.filter((row) => row.started_at >= oldestMs),
      ({ host_id }) => host_id,
    );
    for (const hostId of nextLookMs.keys()) if (!jobs.has(hostId)) nextLookMs.delete(hostId);
    const due = [...jobs].filter(([hostId]) => (nextLookMs.get(hostId) ?? 0) <= clock.monotonicMs());
    await inTurn(due, pace.concurrency, signal, async ([hostId, started]) => {
      await lookAt(parts, hostId, started, signal).catch((error: unknown) => {
        if (!signal.aborted) logger.error('What became of a job could not be read', { host: hostId, error });
      });
      const ageMs = clock.now() - (started.at(-1)?.started_at ?? 0);
      const waitMs = Math.min(Math.max(ageMs / 10, LOOK_MS), MAX_LOOK_MS);
      nextLookMs.set(hostId, clock.monotonicMs() + waitMs);
    });
    return jobs.size > 0;
  };
  return {
    follow(hostId) {
      nextLookMs.delete(hostId);
      nap.abort();
    },
    async look(hostId, signal) {
      const started = await readStarted(db, hostId);
      if (started.length > 0) await lookAt(parts, hostId, started, signal);
    },
    async keepFollowing(signal) {
      let isBusy = true;
      while (!signal.aborted) {
        const waking = AbortSignal.any([signal, nap.signal]);
        await clock.sleep(isBusy ? LOOK_MS : HOUR_MS, waking).catch(() => {});
        if (signal.aborted) return;
        if (nap.signal.aborted) nap = new AbortController();
        try {
          isBusy = await round(signal);
        } catch (error) {
          logger.error('Jobs that were started could not be followed; it is tried again', { error });
        }
      }
    },
  };
}

/** Ends what nobody hears of any more: jobs of hosts that left, were removed, or were silent for a day. */
async function giveUp({ db, clock }: JobFollowerParts, askedBeforeMs: number): Promise<void> {
  if (await isAcceptedBefore(db, askedBeforeMs))
    await inTransaction(db, (own) => giveUpBefore(own, askedBeforeMs, clock.now()));
}

/** Asks a host about its jobs, keeps how each ended, and lists the host when all have, where hosts are listed. */
async function lookAt(
  parts: JobFollowerParts,
  hostId: string,
  started: readonly StartedJobRow[],
  signal: AbortSignal,
): Promise<void> {
  const host = await parts.db.selectFrom('hosts').selectAll().where('id', '=', hostId).executeTakeFirst();
  if (!host) return;
  const ended: EndedJob[] = [];
  for (const { job_id: jobId } of started) {
    const job = await findEnded(parts, host, { jobId, signal });
    if (!job) return;
    ended.push(job);
  }
  if (parts.pace.intervalMs > 0) return parts.lister.list(host, ended, signal);
  const ids = ended.map(({ jobId }) => jobId);
  await inTransaction(parts.db, (own) => forgetStarted(own, hostId, ids));
}

/** Undefined while it is under way, or nobody can say. */
async function findEnded(
  { db, fleet, clock, logger }: JobFollowerParts,
  host: HostRow,
  { jobId, signal }: { readonly jobId: string; readonly signal: AbortSignal },
): Promise<EndedJob | undefined> {
  const keep = (outcome: JobOutcome | undefined) =>
    inTransaction(db, (own) => endJob(own, { hostId: host.id, jobId }, outcome, clock.now()));
  try {
    const call = { params: { id: jobId }, signal, timeoutMs: TIMEOUT_MS };
    const job = await fleet.call(addressOf(host), AGENT_ROUTES.getJob, call);
    if (job.status === 'queued' || job.status === 'running') return undefined;
    await keep(job);
    return { jobId, results: job.results };
  } catch (error) {
    if (isPatchError(error, 'JOB_NOT_FOUND')) {
      await keep(undefined);
      return { jobId, results: [] };
    }
    if (!isPatchError(error)) throw error;
    logger.debug('A host did not say what became of a job; it is asked again', { fqdn: host.fqdn, error });
    return undefined;
  }
}
