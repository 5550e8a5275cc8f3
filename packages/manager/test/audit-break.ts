import { verifyAudit } from '../src/audit/verify.ts';
import type { Database } from '../src/database/open.ts';

/** The sequence number of the first row that does not fit the chain; undefined when all do. */
export async function findAuditBreak(db: Database): Promise<number | undefined> {
  const { signal } = new AbortController();
  return (await verifyAudit(db, { contains: undefined, signal })).fault?.seq;
}
