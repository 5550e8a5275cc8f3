import { join } from 'node:path';
import { DAY_MS, HOUR_MS, PatchError } from '@linux-patch/contract';
import { type Clock, type Files, isSameBoot, readState } from '@linux-patch/runtime';
import type { Boot } from '../signature/challenges.ts';
import type { Order, Orders } from './orders.ts';
import type { RunPlace } from './run-place.ts';
import { Uptime } from './uptime.ts';

/** An accepted job waits so long for its turn while nothing else is done; the jobs before it do not count. */
const LONGEST_IDLE_MS = HOUR_MS;
/** Whatever is done meanwhile. */
const LONGEST_MS = DAY_MS;

/** What may be known of the wait of a job. */
export interface WaitFacts {
  readonly order: Pick<Order, 'acceptedAtMs' | 'acceptedAt'>;
  /** When a job last ended on this host. */
  readonly lastEnded: Uptime | undefined;
  readonly now: Uptime;
  readonly nowMs: number;
}

/** Whether an accepted job that has not begun has waited too long to be done: whoever holds one back gains nothing by it. */
export function hasExpired({ order, lastEnded, now, nowMs }: WaitFacts): boolean {
  if (nowMs - order.acceptedAtMs > LONGEST_MS) return true;
  // Of an earlier release.
  if (!order.acceptedAt) return false;
  const known = [order.acceptedAt, lastEnded].filter((one) => one !== undefined);
  const ofThisBoot = known.filter(({ bootId }) => isSameBoot(bootId, now.bootId));
  const idleSinceMs = Math.max(0, ...ofThisBoot.map(({ ageMs }) => ageMs));
  return now.ageMs - idleSinceMs > LONGEST_IDLE_MS;
}

export interface WaitingOptions {
  readonly files: Files;
  readonly clock: Pick<Clock, 'now'>;
  /** Of the worker. */
  readonly folder: string;
  readonly orders: Pick<Orders, 'end' | 'hold' | 'list'>;
  readonly placeOf: (job: string) => Pick<RunPlace, 'hasBegun'>;
  readonly boot: () => Promise<Boot>;
}

/** Sees to it that accepted jobs are begun soon or never. */
export interface Waiting {
  /** @throws PatchError when it has waited too long; it is crossed out then */
  requireFresh(order: Order): Promise<void>;
  /** A job has ended: those that waited for it have not waited in vain. */
  noteEnded(): Promise<void>;
  now(): Promise<Uptime>;
}

export function openWaiting(options: WaitingOptions): Waiting {
  const { files, clock, orders, folder, boot } = options;
  const file = join(folder, 'last-ended.json');
  const now = async (): Promise<Uptime> => {
    const { id: bootId, ageMs } = await boot();
    return { bootId, ageMs };
  };
  return {
    async requireFresh(order) {
      const lastEnded = await readUptime(files, file);
      const isLate = hasExpired({ order, lastEnded, now: await now(), nowMs: clock.now() });
      if (!isLate || (await isSomebodyAtWork(options, order.job))) return;
      await orders.end(order.job);
      throw expired(order);
    },
    noteEnded: async () => files.writeDurably({ path: file, data: JSON.stringify(await now()), mode: 0o600 }),
    now,
  };
}

/** What cannot be read makes nobody wait longer. */
async function readUptime(files: Files, path: string): Promise<Uptime | undefined> {
  return readState(files, path, Uptime).catch(() => undefined);
}

/** Whether a process does another job now. */
async function isSomebodyAtWork({ orders, placeOf }: WaitingOptions, job: string): Promise<boolean> {
  for (const other of await orders.list()) {
    if (other === job || !(await placeOf(other).hasBegun())) continue;
    await using held = await orders.hold(other);
    if (!held) return true;
  }
  return false;
}

function expired({ acceptedAtMs }: Order): PatchError {
  return new PatchError(
    'INTERRUPTED',
    `This job was accepted at ${new Date(acceptedAtMs).toISOString()} and not begun: nothing else was done on this host for an hour since, or a day has passed. ` +
      'A change counts only for that time, so nothing was done. Ask for it again; if the agent was not stopped meanwhile, look into its log why it did not have the job begun.',
  );
}
