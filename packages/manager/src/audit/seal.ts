import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DAY_MS } from '@linux-patch/contract';
import type { Clock, Files } from '@linux-patch/runtime';
import type { Database } from '../database/open.ts';
import { inTransaction } from '../database/transactions.ts';
import type { AuditLog } from './audit-log.ts';
import { FILE_RECORDS, packRecords } from './sealed-file.ts';

/** A file has a month of records, or as many as one takes. */
const MONTH_DAYS = 30;

/** What is sealed, and where to. */
export interface Sealing {
  readonly db: Database;
  readonly reads: Database;
  readonly audit: AuditLog;
  readonly files: Files;
  readonly clock: Clock;
  readonly folder: string;
  readonly retentionDays: number;
}

/** Whether the oldest records make a file: a month of them is too old, or as many as one takes. */
async function isDue(reads: Database, keepFromMs: number): Promise<boolean> {
  const olderThan = async (position: number, ms: number): Promise<boolean> => {
    const query = reads.selectFrom('audit').select('at').orderBy('seq').offset(position).limit(1);
    return ((await query.executeTakeFirst())?.at ?? Number.POSITIVE_INFINITY) < ms;
  };
  return (await olderThan(0, keepFromMs - MONTH_DAYS * DAY_MS)) || olderThan(FILE_RECORDS - 1, keepFromMs);
}

/** The oldest records, when they make a file; empty while they do not. */
async function dueRecords({ reads, clock, retentionDays }: Sealing) {
  const keepFromMs = clock.now() - retentionDays * DAY_MS;
  if (!(await isDue(reads, keepFromMs))) return [];
  const rows = await reads.selectFrom('audit').selectAll().orderBy('seq').limit(FILE_RECORDS).execute();
  const kept = rows.findIndex((row) => row.at >= keepFromMs);
  return kept === -1 ? rows : rows.slice(0, kept);
}

/**
 * Moves a file full of them. One that a crash left behind is written again, as it was; any other has another name by its last
 * hash, so that a database from a backup, or another manager, writes over none. Returns whether there was one.
 */
async function sealOnce(sealing: Sealing): Promise<boolean> {
  const { db, audit, files, folder } = sealing;
  const rows = await dueRecords(sealing);
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return false;
  const data = await packRecords(rows);
  const name = `audit-${String(first.seq).padStart(9, '0')}-${last.hash.slice(0, 12)}.jsonl.gz`;
  await files.makeFolder(folder, 0o700);
  await files.writeDurably({ path: join(folder, name), data, mode: 0o600 });
  await inTransaction(db, async (own) => {
    await audit.record(own, {
      actor: 'manager',
      event: 'audit_sealed',
      fields: {
        file: name,
        first_seq: first.seq,
        last_seq: last.seq,
        records: rows.length,
        last_hash: last.hash,
        sha256: createHash('sha256').update(data).digest('hex'),
      },
    });
    const value = String(last.seq);
    await own
      .insertInto('settings')
      .values({ name: 'audit_sealed_to', value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
    await own.deleteFrom('audit').where('seq', '<=', last.seq).execute();
  });
  return true;
}

/**
 * Moves records that are older than the retention into files of their own, which nobody removes: written durably first, then
 * named in the log and deleted in one transaction. The first record that is left follows the last of the newest file.
 * @throws what the file system or the database says; then nothing was deleted
 */
export async function sealOldRecords(sealing: Sealing, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) if (!(await sealOnce(sealing))) return;
}
