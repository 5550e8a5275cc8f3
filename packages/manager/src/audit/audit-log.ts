import { createHash } from 'node:crypto';
import type { ManagerAuditEvent } from '@linux-patch/contract';
import { type Clock, printable } from '@linux-patch/runtime';
import type { Database } from '../database/open.ts';
import type { AuditRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { createStrangerBudget } from './stranger-budget.ts';

/** `previous_hash` of the very first row. */
export const CHAIN_START = '0'.repeat(64);

/** What happened, and who did it: `admin`, an agent by key id, or `manager`. */
export interface AuditEntry {
  readonly actor: string;
  readonly event: ManagerAuditEvent;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Address of somebody unknown who made it happen; their rows have a budget, and beyond it they are only counted. */
  readonly stranger?: string;
}

/** The append-only, hash-chained record of what was decided. */
export interface AuditLog {
  /**
   * Adds a row; give the transaction of the change, so that both happen or neither. Without one the row gets a
   * transaction of its own, together with others that come at the same time; two rows never follow the same one.
   */
  record(db: Database, entry: AuditEntry): Promise<void>;
  /** Adds one row for each stranger whose events had no rows of their own; with `all`, also of hours that go on. */
  sumUp(db: Database, options?: { readonly all: boolean }): Promise<void>;
}

/** What the next row continues. */
export function hashOf(row: Omit<AuditRow, 'seq' | 'hash'>): string {
  const { at, actor, event, fields, previous_hash } = row;
  return createHash('sha256')
    .update(JSON.stringify([previous_hash, at, actor, event, fields]))
    .digest('hex');
}

async function append(db: Database, nowMs: number, { actor, event, fields = {} }: AuditEntry): Promise<void> {
  const last = await db.selectFrom('audit').select('hash').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  const row = {
    at: nowMs,
    actor,
    event,
    fields: printable(JSON.stringify(fields)),
    previous_hash: last?.hash ?? CHAIN_START,
  };
  await db
    .insertInto('audit')
    .values({ ...row, hash: hashOf(row) })
    .execute();
}

/** The audit log of a database whose write transactions are serialised, as SQLite's are. */
export function createAuditLog(options: {
  readonly clock: Clock;
  /** Told about every event, also of a transaction that fails afterwards. */
  readonly onEvent?: (event: ManagerAuditEvent) => void;
}): AuditLog {
  const budget = createStrangerBudget(options.clock);
  const write = async (db: Database, entry: AuditEntry): Promise<void> => {
    if (db.isTransaction) return append(db, options.clock.now(), entry);
    await inTransaction(db, (own) => append(own, options.clock.now(), entry));
  };
  return {
    async record(db, entry) {
      options.onEvent?.(entry.event);
      if (entry.stranger === undefined || budget.admit(entry.stranger, entry.event)) await write(db, entry);
    },
    async sumUp(db, { all } = { all: false }) {
      for (const sum of budget.takeSums(all)) {
        options.onEvent?.('stranger_events_summed');
        await write(db, {
          actor: 'manager',
          event: 'stranger_events_summed',
          fields: {
            observed_address: sum.caller,
            since: new Date(sum.sinceMs).toISOString(),
            events: sum.events,
          },
        });
      }
    },
  };
}
