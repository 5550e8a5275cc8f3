import { lineLogger } from '@linux-patch/runtime/node';
import { inTransaction } from '../../../manager/src/database/transactions.ts';
import { openSetIndex, type SetIndex } from '../../../manager/src/inventory/set-index/set-index.ts';
import { findSet, keepSet } from '../../../manager/src/inventory/sets.ts';
import { type FleetSize, hostId, idsOf, writeFleet } from './fleet.ts';
import { BENCH_THREADS, msSince, type Records } from './records.ts';

/** What keeping a fleet costs. */
export interface Written {
  /** Seconds for the whole fleet, from nothing. */
  readonly fleetSeconds: number;
  /** Milliseconds until the index answers after a start. */
  readonly indexMs: number;
  /** Inventories a second, of each of which 20 packages changed. */
  readonly changesPerSecond: number;
  readonly memoryMegabytes: number;
  /** The index, which whoever asked for this ends. */
  readonly sets: SetIndex;
}

const CHANGED_PACKAGES = 20;
const CHANGED_HOSTS = 2_000;

/** Writes a fleet into an empty database, starts the index, and keeps changed inventories. */
export async function measureWrites({ db, reads }: Records, size: FleetSize): Promise<Written> {
  const nowMs = Date.now();
  const writing = performance.now();
  await writeFleet(db, size, nowMs);
  const fleetSeconds = msSince(writing) / 1_000;
  const starting = performance.now();
  const logger = lineLogger({ level: 'warn', sink: (line) => void process.stdout.write(`${line}\n`) });
  const sets = openSetIndex({ reads, threads: BENCH_THREADS, logger });
  await sets.ask({ kind: 'holding', ids: [1] }, undefined);
  const indexMs = msSince(starting);
  const count = Math.min(size.hosts, CHANGED_HOSTS);
  const changed = Array.from({ length: count }, (_, host) =>
    idsOf(host, size).map((id, index) => (index < CHANGED_PACKAGES ? id - (id % 10) + 1 : id)),
  );
  const from = performance.now();
  const kept = changed.map((ids, host) =>
    inTransaction(db, async (own) => {
      const listing = { atMs: nowMs, eco: 'dpkg', newRows: { day: 0, rows: 0 }, pending: undefined };
      const installed = { ids, etag: undefined, revision: undefined };
      return keepSet(own, hostId(host), await findSet(own, hostId(host)), { ...listing, installed });
    }).then((set) => set && sets.put(set)),
  );
  await Promise.all(kept);
  const changesPerSecond = (count * 1_000) / msSince(from);
  return {
    fleetSeconds,
    indexMs,
    changesPerSecond,
    memoryMegabytes: process.memoryUsage.rss() / 2 ** 20,
    sets,
  };
}
