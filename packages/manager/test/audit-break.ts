import { CHAIN_START, hashOf } from '../src/audit/audit-log.ts';
import type { Database } from '../src/database/open.ts';

/** The sequence number of the first row that does not fit the chain; undefined when all do. */
export async function findAuditBreak(db: Database): Promise<number | undefined> {
  let previous = CHAIN_START;
  for (const row of await db.selectFrom('audit').selectAll().orderBy('seq').execute()) {
    if (row.previous_hash !== previous || row.hash !== hashOf(row)) return row.seq;
    previous = row.hash;
  }
  return undefined;
}
