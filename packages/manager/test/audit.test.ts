import type { ManagerAuditEvent } from '@linux-patch/contract';
import { ManualClock } from '@linux-patch/runtime/testing';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createAuditLog } from '../src/audit/audit-log.ts';
import { inDialect } from '../src/database/dialect.ts';
import type { OpenDatabase } from '../src/database/open.ts';
import { inTransaction } from '../src/database/transactions.ts';
import { findAuditBreak } from './audit-break.ts';
import { openTestDatabase } from './test-database.ts';

let database: OpenDatabase;
const audit = createAuditLog({ clock: new ManualClock() });
beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

/** Here the names of events do not matter. */
function record(event: string): Promise<void> {
  return audit.record(database.db, {
    actor: 'admin',
    event: event as ManagerAuditEvent,
    fields: { fqdn: 'a.example.test' },
  });
}

describe('the audit log', () => {
  it('stays one chain when many write at once', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, number) => record(`event_${number}`)));
    expect(await database.db.selectFrom('audit').selectAll().execute()).toHaveLength(50);
    expect(await findAuditBreak(database.db)).toBeUndefined();
  });

  it('stays one chain when changes of every kind write it at once', async () => {
    const { db } = database;
    const own = (number: number) =>
      db
        .transaction()
        .execute((transaction) =>
          audit.record(transaction, { actor: 'admin', event: 'host_changed', fields: { number } }),
        );
    const joined = (number: number) =>
      inTransaction(db, (transaction) =>
        audit.record(transaction, { actor: 'admin', event: 'host_changed', fields: { number } }),
      );
    const kinds = [own, joined, (number: number) => record(`event_${number}`)];
    await Promise.all(Array.from({ length: 10 }, (_, number) => kinds.map((kind) => kind(number))).flat());
    expect(await db.selectFrom('audit').selectAll().execute()).toHaveLength(30);
    expect(await findAuditBreak(db)).toBeUndefined();
  });

  it('cannot be edited or shortened', async () => {
    await record('first');
    const edit = database.db.updateTable('audit').set({ actor: 'nobody' }).execute();
    await expect(edit).rejects.toThrow('append-only');
    await expect(database.db.deleteFrom('audit').execute()).rejects.toThrow('append-only');
  });

  it('shows where somebody went around the triggers', async () => {
    for (const event of ['first', 'second', 'third']) await record(event);
    const { db } = database;
    await inDialect(db, {
      sqlite: sql`drop trigger audit_no_update`,
      postgres: sql`drop trigger audit_no_update on audit`,
    }).execute(db);
    await db.updateTable('audit').set({ actor: 'nobody' }).where('seq', '=', 2).execute();
    expect(await findAuditBreak(database.db)).toBe(2);
  });

  it('forgets what a transaction that failed has written', async () => {
    const failed = database.db.transaction().execute(async (db) => {
      await audit.record(db, { actor: 'admin', event: 'host_changed' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await database.db.selectFrom('audit').selectAll().execute()).toEqual([]);
  });
});
