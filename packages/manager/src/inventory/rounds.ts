import { MINUTE_MS } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import { inTurn } from '../fleet-watch/in-turn.ts';
import type { Lister } from './lister.ts';
import { isDue } from './slots.ts';

export interface RoundParts {
  readonly db: Database;
  readonly lister: Lister;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pace: ListingPace;
}

/** An interval of 0 lists never. */
export interface ListingPace {
  readonly concurrency: number;
  readonly intervalMs: number;
}

/** How often it looks whose turn it is. */
const LOOK_MS = 15_000;

/** Lists each host once in an interval, hosts in turn, until the signal aborts. */
export async function listInTurn(parts: RoundParts, signal: AbortSignal): Promise<void> {
  const { clock, logger, pace } = parts;
  if (pace.intervalMs === 0) return;
  while (!signal.aborted) {
    await clock.sleep(Math.min(LOOK_MS, pace.intervalMs), signal).catch(() => {});
    if (signal.aborted) return;
    try {
      await listDue(parts, signal);
    } catch (error) {
      logger.error('Which hosts are to be listed could not be read; it is tried again', { error });
    }
  }
}

async function listDue({ db, lister, clock, pace }: RoundParts, signal: AbortSignal): Promise<void> {
  const due = await findDue(db, pace.intervalMs, clock.now());
  await inTurn(due, pace.concurrency, signal, async (id) => {
    const host = await db.selectFrom('hosts').selectAll().where('id', '=', id).executeTakeFirst();
    if (host) await lister.list(host, [], signal);
  });
}

/** Hosts with a job of ours under way have to wait for its end. */
async function findDue(db: Database, intervalMs: number, nowMs: number): Promise<HostRow['id'][]> {
  const rows = await db
    .selectFrom('hosts')
    .leftJoin('package_sets', 'package_sets.host_id', 'hosts.id')
    .select(['hosts.id', 'hosts.last_seen_at', 'package_sets.checked_at', 'package_sets.list_error'])
    .where('hosts.left_at', 'is', null)
    .where('hosts.id', 'not in', (started) => started.selectFrom('started_jobs').select('host_id'))
    .execute();
  return rows
    .map((row) => ({
      id: row.id,
      checkedAtMs: row.checked_at ?? undefined,
      failed: row.list_error !== null,
      seenAtMs: row.last_seen_at ?? undefined,
    }))
    .filter((host) => isDue(host, intervalMs, nowMs))
    .sort((a, b) => (a.checkedAtMs ?? 0) - (b.checkedAtMs ?? 0))
    .map(({ id }) => id);
}

/** How long a listing counts: the next but one was missed then. */
export function listingLifeMs({ intervalMs }: Pick<ListingPace, 'intervalMs'>): number {
  return 2 * (intervalMs === 0 ? 60 * MINUTE_MS : intervalMs) + 10 * MINUTE_MS;
}
