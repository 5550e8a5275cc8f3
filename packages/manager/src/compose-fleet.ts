import { MINUTE_MS } from '@linux-patch/contract';
import type { Kysely } from 'kysely';
import { serveActRoutes } from './acts/routes.ts';
import type { OwnCertificates } from './audit/own-certificates.ts';
import { isNewest, judgeShown } from './certificates/host-keys.ts';
import { noteServed } from './certificates/lineage.ts';
import { serveCertificateRoutes } from './certificates/routes.ts';
import type { ManagerConfig } from './config/schema.ts';
import type { ReadDatabase } from './database/reader-threads/open-reads.ts';
import type { HostRow, ManagerTables } from './database/schema.ts';
import type { EnrollmentContext } from './enrollment/context.ts';
import { createFleetClient, type FleetClient } from './fleet-client/client.ts';
import { createJobKeyOffers, type JobKeyOffers } from './fleet-watch/offer-job-key.ts';
import { createFleetPoll, type FleetPoll } from './fleet-watch/poll.ts';
import { createListSender, type ListSender } from './fleet-watch/send-list.ts';
import { serveGroupRoutes } from './groups/routes.ts';
import { createHostJobs, type HostJobs } from './host-jobs/host-jobs.ts';
import { serveFleetJobRoutes } from './host-jobs/routes.ts';
import { serveHostRoutes } from './hosts/routes.ts';
import { serveHostPackageRoutes } from './hosts/routes-packages.ts';
import { serveHostServiceRoutes } from './hosts/routes-services.ts';
import { createHostStore, type HostStore } from './hosts/store.ts';
import type { Routes } from './http/routes.ts';
import { keepDay } from './inventory/fleet-daily.ts';
import { getHostState } from './inventory/fleet-state.ts';
import { createJobFollower } from './inventory/follow-jobs.ts';
import { createLister } from './inventory/lister.ts';
import { createLiveAnswers, type LiveAnswers } from './inventory/live-answers.ts';
import { listInTurn, listingLifeMs } from './inventory/rounds.ts';
import { serveInventoryRoutes } from './inventory/routes.ts';
import type { SetIndex } from './inventory/set-index/set-index.ts';
import { serveJobKeyRoutes } from './job-key/routes.ts';
import { serveSearchRoutes } from './searches/routes.ts';

/** Everything that has to do with hosts that have joined. */
export interface Fleet {
  readonly hosts: HostStore;
  readonly client: FleetClient;
  readonly lists: ListSender;
  readonly jobKeys: JobKeyOffers;
  readonly poll: FleetPoll;
  readonly jobs: HostJobs;
  /** Lists a host now, after what became of its jobs. */
  readonly listAnew: (host: HostRow, signal: AbortSignal) => Promise<void>;
  readonly live: LiveAnswers;
  /** How old a listing of a host may be that counts. */
  readonly listingLifeMs: number;
  /** Keeps how the fleet fares, once a day. */
  keepDay(): Promise<void>;
  /** Lists the hosts in turn, and those on which a job ended or that say something else than is on record, and ends what was asked of hosts, until the signal aborts; then connections to hosts are closed. */
  keepListing(signal: AbortSignal): Promise<void>;
}

export function composeFleet(
  context: EnrollmentContext,
  parts: {
    readonly config: ManagerConfig;
    readonly own: OwnCertificates;
    readonly reads: Kysely<ManagerTables>;
    readonly sets: SetIndex;
  },
): Fleet {
  const { db, authority, clock, logger } = context;
  const { poll_minutes, inventory_minutes, concurrency } = parts.config.fleet;
  const listingPace = { concurrency, intervalMs: inventory_minutes * MINUTE_MS };
  const lifeMs = listingLifeMs(listingPace);
  const hosts = createHostStore({
    db,
    reads: parts.reads,
    clock,
    nameRules: authority.nameRules,
    jobKey: authority.jobKey,
    lifeMs,
  });
  const client = createFleetClient(
    async ({ hostId }) => ({
      caPem: authority.fleetRootsPem,
      client: await parts.own.pair('client'),
      judge: (shown) => judgeShown(db, hostId, shown),
      isNewest: (shown) => isNewest(db, hostId, shown),
      // What the host answered counts, also where that cannot be written down.
      noteServed: (serialHex) =>
        noteServed(db, serialHex, clock.now()).catch((error: unknown) =>
          logger.error('Which certificate a host served with could not be kept', { error }),
        ),
    }),
    context,
    authority.jobKey,
  );
  const lists = createListSender({ ...context, fleet: client, concurrency });
  const jobKeys = createJobKeyOffers({ ...context, fleet: client });
  const pace = { concurrency, intervalMs: poll_minutes * MINUTE_MS };
  const poll = createFleetPoll({ ...context, hosts, fleet: client, lists, jobKeys, pace });
  const lister = createLister({ db, fleet: client, sets: parts.sets, clock, logger });
  const follower = createJobFollower({ db, fleet: client, lister, clock, logger, pace: listingPace });
  const live = createLiveAnswers({ db, lister, clock, logger, pace: listingPace });
  const jobs = createHostJobs({
    sources: { hosts, fleet: client, jobKeys, db, logger },
    audit: context.audit,
    clock,
    random: context.random,
    follower,
    concurrency,
  });
  return {
    hosts,
    client,
    lists,
    jobKeys,
    poll,
    jobs,
    live,
    async listAnew(host, signal) {
      // What a job changed that has just ended is not taken for somebody else's work; so the host is not listed before.
      await follower.look(host.id, signal);
      await lister.list(host, [], signal);
    },
    listingLifeMs: lifeMs,
    keepDay: () => keepDay({ db, reads: parts.reads }, { nowMs: clock.now(), lifeMs }),
    async keepListing(signal) {
      using _connections = client;
      await Promise.all([
        listInTurn({ db, lister, clock, logger, pace: listingPace }, signal),
        follower.keepFollowing(signal),
        live.keepComparing(signal),
        jobs.keepAsking(signal),
      ]);
    },
  };
}

/** What administrators call about hosts and certificates. */
export function serveFleet(
  routes: Routes,
  context: EnrollmentContext,
  parts: {
    readonly database: ReadDatabase & { readonly sets: SetIndex };
    readonly fleet: Fleet;
    readonly own: OwnCertificates;
    /** Takes up own certificates that were made anew. */
    readonly renewOwn: () => Promise<void>;
  },
): void {
  const { fleet, own } = parts;
  const { db, reads, sets } = parts.database;
  const { clock, audit, logger } = context;
  const hostSources = {
    hosts: fleet.hosts,
    fleet: fleet.client,
    jobKeys: fleet.jobKeys,
    jobs: fleet.jobs,
    audit,
    db,
    clock,
    logger,
  };
  serveHostRoutes(routes, hostSources, fleet.live);
  serveHostServiceRoutes(routes, hostSources);
  const lifeMs = fleet.listingLifeMs;
  serveHostPackageRoutes(routes, hostSources, {
    live: fleet.live,
    async listAnew(host, signal) {
      await fleet.listAnew(host, signal);
      return getHostState(reads, { nowMs: clock.now(), lifeMs, signal }, host.id);
    },
  });
  serveGroupRoutes(routes, { db, reads, audit, clock, random: context.random, lifeMs });
  serveSearchRoutes(routes, { db, reads, audit, clock, lifeMs });
  serveActRoutes(routes, { db, reads, audit, clock, random: context.random, jobs: fleet.jobs });
  serveFleetJobRoutes(routes, { reads, hosts: fleet.hosts, clock });
  serveInventoryRoutes(routes, { reads, sets, hosts: fleet.hosts, clock, lifeMs });
  serveJobKeyRoutes(routes, { ...fleet, jobKey: context.authority.jobKey, audit, db });
  serveCertificateRoutes(routes, {
    db,
    reads,
    sets,
    clock,
    audit,
    hosts: fleet.hosts,
    lists: fleet.lists,
    async replaceOwn(serial) {
      if (await own.replace(serial)) await parts.renewOwn();
    },
  });
}
