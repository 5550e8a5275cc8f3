/**
 * The manager's records of a large fleet, at the edge of its stores: how long questions take while the thread that serves is free,
 * and how many changed inventories a second it keeps. Arguments: hosts, packages of each.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { lineLogger, nodeThreads } from '@linux-patch/runtime/node';
import { openDatabase } from '../../../manager/src/database/open.ts';
import { openReads } from '../../../manager/src/database/reader-threads/open-reads.ts';
import { inTransaction } from '../../../manager/src/database/transactions.ts';
import { readFigures, readHostStates } from '../../../manager/src/inventory/fleet-state.ts';
import { readHolders } from '../../../manager/src/inventory/holders.ts';
import { readKnownPackages } from '../../../manager/src/inventory/known-packages.ts';
import { readMissing } from '../../../manager/src/inventory/missing.ts';
import { openSetIndex } from '../../../manager/src/inventory/set-index/set-index.ts';
import { findSet, keepSet } from '../../../manager/src/inventory/sets.ts';
import { readWaiting } from '../../../manager/src/inventory/waiting.ts';
import { threadScript } from '../../../manager/src/threads/names.ts';
import { FEW, hostId, idsOf, MOST, writeFleet } from './fleet.ts';

const RUNS = 20;
const [hosts = 10_000, packagesEach = 1_500] = process.argv.slice(2).map(Number);
const size = { hosts, packagesEach };
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const ms = (since: number): number => performance.now() - since;
const megabytes = (): string => (process.memoryUsage.rss() / 2 ** 20).toFixed(0);

const folder = await mkdtemp(join(tmpdir(), 'linux-patch-bench-'));
try {
  await measure(join(folder, 'manager.db'));
} finally {
  await rm(folder, { recursive: true });
}

async function measure(path: string): Promise<void> {
  await using database = await openDatabase(path);
  const { db } = database;
  const nowMs = Date.now();
  const writing = performance.now();
  await writeFleet(db, size, nowMs);
  say(`${hosts} hosts with ${packagesEach} packages each, written in ${(ms(writing) / 1_000).toFixed(1)} s`);
  const script = resolve(import.meta.dirname, '../../../manager/src/main.ts');
  const threads = nodeThreads((name) => threadScript(script, name));
  const logger = lineLogger({ level: 'warn', sink: say });
  say(`memory before the threads ${megabytes()} MB`);
  const starting = performance.now();
  await using opened = openReads({ path, threads, logger });
  const { reads } = opened;
  await using sets = openSetIndex({ reads, threads, logger });
  await sets.ask({ kind: 'holding', ids: [1] }, undefined);
  say(`index read and asked once in ${ms(starting).toFixed(0)} ms, memory ${megabytes()} MB`);
  const records = { reads, sets };
  const fresh = { nowMs, lifeMs: 7_200_000, reach: 'everywhere' } as const;
  const page = { limit: 100, offset: 0 };
  const name = 'package-0400';
  await time('figures', () => readFigures(reads, fresh));
  await time('hosts, a page', () => readHostStates(reads, fresh, page));
  await time('hosts that are behind, a late page', () =>
    readHostStates(reads, fresh, { state: 'behind', limit: 100, offset: Math.floor(hosts / 2) }),
  );
  await time('updates', () => readWaiting(reads, fresh, page));
  const stale = { ...fresh, nowMs: nowMs + 2 * fresh.lifeMs };
  await time('updates, every host unknown', () => readWaiting(reads, stale, page));
  // Somebody whose role is for some hosts only: a hundredth, and nearly all of them.
  for (const [part, groupId] of [
    ['1 %', FEW],
    ['90 %', MOST],
  ] as const) {
    const bound = { ...fresh, reach: [{ groupId }] };
    await time(`figures, of ${part} of the hosts`, () => readFigures(reads, bound));
    await time(`hosts, of ${part} of them`, () => readHostStates(reads, bound, page));
    await time(`updates, of ${part} of the hosts`, () => readWaiting(reads, bound, page));
    await time(`who has it older, of ${part}`, () =>
      readHolders(records, bound, { name, below: '1.5-1', ...page }),
    );
    await time(`who lacks it, of ${part}`, () => readMissing(records, bound, { name, ...page }));
  }
  await time('who has a package', () => readHolders(records, fresh, { name, ...page }));
  await time('who has it older', () => readHolders(records, fresh, { name, below: '1.5-1', ...page }));
  await time('who lacks it', () => readMissing(records, fresh, { name, ...page }));
  await time('who lacks it or has it older', () =>
    readMissing(records, fresh, { name, atLeast: '1.5-1', ...page }),
  );
  await time('versions of a pattern', () =>
    readKnownPackages(records, undefined, { pattern: 'package-04*', ...page }),
  );
  await changes();
  say(`memory ${megabytes()} MB`);

  async function changes(): Promise<void> {
    const count = Math.min(hosts, 2_000);
    const changed = Array.from({ length: count }, (_, host) =>
      idsOf(host, size).map((id, index) => (index < 20 ? id - (id % 10) + 1 : id)),
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
    say(`changed inventories kept: ${((count * 1_000) / ms(from)).toFixed(0)} a second`);
  }
}

/** The median and the 95th percentile, and the longest time for which nothing else could be served meanwhile. */
async function time(what: string, ask: () => Promise<unknown>): Promise<void> {
  await ask();
  const lag = monitorEventLoopDelay({ resolution: 1 });
  lag.enable();
  const took: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const from = performance.now();
    await ask();
    took.push(ms(from));
  }
  lag.disable();
  took.sort((one, other) => one - other);
  const at = (part: number): string => (took[Math.ceil(part * RUNS) - 1] ?? 0).toFixed(0).padStart(5);
  const [p99, longest] = [lag.percentile(99), lag.max].map((ns) => (ns / 1e6).toFixed(0).padStart(4));
  say(
    `${what.padEnd(36)} median ${at(0.5)} ms  p95 ${at(0.95)} ms  event loop p99 ${p99} ms  longest ${longest} ms`,
  );
}
