import { DAY_MS, type PatchList } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import { attribute, type EndedJob } from './attribute.ts';
import { recordChanges } from './changes.ts';
import { addVersions, findIds, readEntries } from './dictionary.ts';
import { changeBetween } from './id-set.ts';
import { identityOf, type PackageVersion, type PendingUpdate } from './packages.ts';
import { doubtOf, readPending } from './read-listing.ts';
import type { HostSet } from './set-index/sets.ts';
import { findSet, keepSet, noteFailure, type PackageSet } from './sets.ts';
import { forgetStarted, readStarted } from './started-jobs.ts';
import { replaceUpdates } from './updates.ts';

/** What a host answered; what is undefined is as it was. */
export interface HostListing {
  readonly atMs: number;
  /** Whose packages they are; undefined with `installed`. */
  readonly eco: string | undefined;
  readonly installed:
    | {
        readonly packages: readonly PackageVersion[];
        readonly etag: string | undefined;
        readonly revision: string | undefined;
      }
    | undefined;
  readonly pending: { readonly list: PatchList; readonly etag: string | undefined } | undefined;
  /** Jobs of this manager that ended before the host was asked, and those that root of the host had done there. */
  readonly ended: readonly EndedJob[];
}

/** `put-off`: a job began meanwhile, and what it changed must not be taken for somebody else's work. */
export type Kept =
  /** With the set of the host, where it said what is installed. */
  | { readonly kind: 'taken'; readonly set: HostSet | undefined }
  | { readonly kind: 'put-off' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Package versions that no host named before, which one host may name on one day (UTC). */
const NEW_VERSIONS_A_DAY = 2_000;
/** The same for a host that was never listed: somebody has just let it in, and the first of a fleet knows everything first. */
const NEW_VERSIONS_AT_FIRST = 20_000;

/**
 * Keeps what a host answered, in the transaction it is given: its set, what waits on it, and what changed by whom.
 * @throws PatchError `AGENT_ERROR` for a listing of updates that no host can have
 */
export async function keepListing(own: Database, hostId: string, listing: HostListing): Promise<Kept> {
  const { atMs, ended } = listing;
  const endedIds = ended.map(({ jobId }) => jobId);
  const started = await readStarted(own, hostId);
  if (started.some(({ job_id }) => !endedIds.includes(job_id))) return { kind: 'put-off' };
  const before = await findSet(own, hostId);
  const pending = await pendingOf(own, listing, before);
  const named = [...(listing.installed?.packages ?? []), ...pending.map(({ candidate }) => candidate)];
  const eco = listing.eco ?? before?.eco ?? 'other';
  const { idOf, newRows, left } = await numberAll(own, eco, {
    named,
    newRows: newRowsOn(atMs, before),
    atMost: before?.ids ? NEW_VERSIONS_A_DAY : NEW_VERSIONS_AT_FIRST,
    atMs,
  });
  if (left > 0) {
    const reason = tooManyNew(left);
    await noteFailure(own, hostId, { atMs, reason, newRows });
    return { kind: 'refused', reason };
  }
  const ids = listing.installed?.packages.map(idOf);
  if (ids && before?.ids) await keepChange(own, hostId, { before: before.ids, after: ids, ended, atMs });
  if (listing.pending) {
    const numbered = pending.map((one) => ({ ...one, candidateId: idOf(one.candidate) }));
    await replaceUpdates(own, hostId, numbered, atMs);
  }
  const set = await keepSet(own, hostId, before, {
    atMs,
    eco,
    newRows,
    installed: ids && { ids, etag: listing.installed?.etag, revision: listing.installed?.revision },
    pending: listing.pending && summaryOf(pending, listing.pending),
  });
  await forgetStarted(own, hostId, endedIds);
  return { kind: 'taken', set };
}

/** What waits; nothing where the host did not say it anew. */
async function pendingOf(
  own: Database,
  { installed, pending }: HostListing,
  before: PackageSet | undefined,
): Promise<PendingUpdate[]> {
  if (!pending) return [];
  return readPending(pending.list, installed?.packages ?? (await readEntries(own, before?.ids ?? [])));
}

function tooManyNew(left: number): string {
  const days = Math.ceil(left / NEW_VERSIONS_A_DAY);
  return (
    `It names more package versions that no host had before than the ${NEW_VERSIONS_A_DAY} that are taken of one host on one day (UTC); ${left} are left. ` +
    `Right after a change of its release that is as it should be, and it is listed in ${days === 1 ? 'a day' : `${days} days`} by itself.`
  );
}

function newRowsOn(atMs: number, before: PackageSet | undefined): PackageSet['newRows'] {
  const day = Math.floor(atMs / DAY_MS);
  return before?.newRows.day === day ? before.newRows : { day, rows: 0 };
}

interface Numbered {
  readonly idOf: (one: PackageVersion) => number;
  readonly newRows: PackageSet['newRows'];
  /** How many have no number, because the host has named too many new ones. */
  readonly left: number;
}

/** Looks package versions up and adds what is missing, as far as the host may. What is added stays, so that the rest is less on the next day. */
async function numberAll(
  own: Database,
  eco: string,
  asked: {
    readonly named: readonly PackageVersion[];
    readonly newRows: PackageSet['newRows'];
    readonly atMost: number;
    readonly atMs: number;
  },
): Promise<Numbered> {
  const { newRows, atMost, atMs } = asked;
  const named = new Map(asked.named.map((one) => [identityOf(one), one]));
  const known = await findIds(own, eco, [...named.values()]);
  const missing = [...named].filter(([identity]) => !known.has(identity)).map(([, one]) => one);
  const taken = missing.slice(0, Math.max(0, atMost - newRows.rows));
  await addVersions(own, eco, taken, atMs);
  const ids = new Map([...known, ...(await findIds(own, eco, taken))]);
  return {
    idOf(one) {
      const id = ids.get(identityOf(one));
      if (id === undefined) throw new Error('a package version without a number');
      return id;
    },
    newRows: { day: newRows.day, rows: newRows.rows + taken.length },
    left: missing.length - taken.length,
  };
}

async function keepChange(
  own: Database,
  hostId: string,
  sets: {
    readonly before: readonly number[];
    readonly after: readonly number[];
    readonly ended: readonly EndedJob[];
    readonly atMs: number;
  },
): Promise<void> {
  const { removed, added } = changeBetween(sets.before, sets.after);
  const change = { removed: await readEntries(own, removed), added: await readEntries(own, added) };
  await recordChanges(own, hostId, attribute(change, sets.ended), sets.atMs);
}

function summaryOf(
  pending: readonly PendingUpdate[],
  said: { readonly list: PatchList; readonly etag: string | undefined },
) {
  return {
    // One candidate counts once, however often it is named.
    updates: new Set(pending.map(({ candidate }) => identityOf(candidate))).size,
    security: new Set(pending.filter((one) => one.security).map(({ candidate }) => identityOf(candidate)))
      .size,
    doubt: doubtOf(said.list),
    etag: said.etag,
  };
}
