import { AGENT_ROUTES, isPatchError, messageOf, type Route } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { HostRow, ManagerTables } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { FleetClient } from '../fleet-client/client.ts';
import { addressOf } from '../hosts/store.ts';
import type { EndedJob } from './attribute.ts';
import { type HostListing, type Kept, keepListing } from './keep-listing.ts';
import { ecosystemOf } from './packages.ts';
import { readInstalled } from './read-listing.ts';
import { keepReboot, type RebootNeed } from './reboots.ts';
import { endedRootsJobs } from './roots-jobs.ts';
import type { SetIndex } from './set-index/set-index.ts';
import { findSet, noteFailure, type PackageSet } from './sets.ts';

/** Lists what hosts have installed and what waits on them, each host once at a time. */
export interface Lister {
  /**
   * Asks a host and keeps what it says, or why it could not be listed. Throws nothing.
   * @param ended jobs of this manager that ended before
   */
  list(host: HostRow, ended: readonly EndedJob[], signal: AbortSignal): Promise<void>;
}

export interface ListerParts {
  readonly db: Kysely<ManagerTables>;
  readonly fleet: FleetClient;
  /** Told of each set that is kept. */
  readonly sets: Pick<SetIndex, 'put'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A host that was busy may take its time; a whole fleet is not kept waiting by some that are switched off for longer. */
const TIMEOUT_MS = 30_000;
const MAX_REASON_CHARACTERS = 1_000;

/** What the manager reads of the facts about a host; older agents say less. */
const SYSTEM_OF_ANY_AGENT = {
  ...AGENT_ROUTES.systemInfo,
  response: z.object({
    package_manager: z.string().max(64).optional().catch(undefined),
    pending_reboot: z.boolean().optional().catch(undefined),
    reboot_reasons: z.array(z.string()).optional().catch(undefined),
  }),
} satisfies Route;

export function createLister(parts: ListerParts): Lister {
  const { logger } = parts;
  const running = new Map<string, Promise<void>>();
  return {
    async list(host, ended, signal) {
      const work = async (): Promise<void> => {
        if (signal.aborted) return;
        await listHost(parts, host, { ended, signal }).catch((error: unknown) => {
          if (!signal.aborted)
            logger.error('What a host has installed could not be kept', { fqdn: host.fqdn, error });
        });
      };
      const mine = (running.get(host.id) ?? Promise.resolve()).then(work);
      running.set(host.id, mine);
      await mine;
      if (running.get(host.id) === mine) running.delete(host.id);
    },
  };
}

type Asked = { readonly ended: readonly EndedJob[]; readonly signal: AbortSignal };

async function listHost(parts: ListerParts, host: HostRow, asked: Asked): Promise<void> {
  const { db } = parts;
  const before = await findSet(db, host.id);
  const outcome = await askAndKeep(parts, host, { ...asked, before }).catch((error: unknown): Kept => {
    if (asked.signal.aborted || !isPatchError(error) || error.code === 'DISK_FULL') throw error;
    return { kind: 'refused', reason: messageOf(error).slice(0, MAX_REASON_CHARACTERS) };
  });
  if (outcome.kind === 'put-off') return;
  if (outcome.kind === 'taken' && outcome.set) parts.sets.put(outcome.set);
  if (outcome.kind === 'refused') {
    const failure = { atMs: parts.clock.now(), reason: outcome.reason };
    await inTransaction(db, (own) => noteFailure(own, host.id, failure));
  }
  tellChange(parts, host, before, outcome);
}

async function askAndKeep(
  { db, fleet, clock }: ListerParts,
  host: HostRow,
  { before, ended, signal }: Asked & { readonly before: PackageSet | undefined },
): Promise<Kept> {
  const agent = addressOf(host);
  const call = { signal, timeoutMs: TIMEOUT_MS };
  const updates = await fleet.list(agent, AGENT_ROUTES.listPatches, {
    ...call,
    etag: before?.updatesEtag ?? undefined,
  });
  const packages = isSameRevision(before, updates.data?.revision)
    ? undefined
    : await fleet.list(agent, AGENT_ROUTES.listPackages, {
        ...call,
        etag: before?.packagesEtag ?? undefined,
      });
  const installed = packages?.data && {
    packages: readInstalled(packages.data),
    etag: packages.etag,
    revision: packages.data.revision,
  };
  const system = await fleet.call(agent, SYSTEM_OF_ANY_AGENT, call).catch((error: unknown) => {
    // What is installed and waits is known all the same, unless it is not known by whose packages it is to be read.
    if (installed || !isPatchError(error, 'AGENT_ERROR')) throw error;
    return undefined;
  });
  // Asked for after what is installed: what it shows of them is on record by then.
  const ofRoot = installed && before?.ids ? await endedRootsJobs(fleet, agent, call) : [];
  const atMs = clock.now();
  const listing: HostListing = {
    atMs,
    eco: installed && ecosystemOf(system?.package_manager),
    installed,
    pending: updates.data && { list: updates.data, etag: updates.etag },
    ended: [...ended, ...ofRoot],
  };
  return inTransaction(db, async (own) => {
    await keepReboot(own, host.id, rebootOf(system), atMs);
    return keepListing(own, host.id, listing);
  });
}

function rebootOf(
  system: z.output<(typeof SYSTEM_OF_ANY_AGENT)['response']> | undefined,
): RebootNeed | undefined {
  const { pending_reboot: needed, reboot_reasons: reasons = [] } = system ?? {};
  return needed === undefined ? undefined : { needed, reasons };
}

/** Whether the host names what it has by the name it had when its packages were listed. Its lists may have been checked since. */
function isSameRevision(before: PackageSet | undefined, revision: string | undefined): boolean {
  return revision !== undefined && before?.ids !== undefined && before.revision === revision;
}

/** Says once that a host cannot be listed, and once that it can again. */
function tellChange(
  { logger }: ListerParts,
  { fqdn }: HostRow,
  before: PackageSet | undefined,
  now: Kept,
): void {
  const failedBefore = before !== undefined && before.error !== null;
  if (now.kind === 'refused' && !failedBefore)
    logger.warn('A host could not be listed; what it has installed and what waits on it counts as unknown', {
      fqdn,
      reason: now.reason,
    });
  if (now.kind === 'taken' && failedBefore) logger.info('A host is listed again', { fqdn });
}
