import type { AuditVerification } from '@linux-patch/contract';
import type { Selectable } from 'kysely';
import type { Database } from '../database/open.ts';
import type { AuditRow } from '../database/schema.ts';
import { CHAIN_START, hashOf } from './audit-log.ts';

type Row = Selectable<AuditRow>;

/** So many are hashed in a row, a few milliseconds. */
const PAGE_ROWS = 500;

function faultOf(row: Row, previousHash: string): string | undefined {
  if (row.hash !== hashOf(row)) return 'it is not as it was written';
  if (row.previous_hash === previousHash) return undefined;
  return 'it does not follow the record before it: records between them are missing, or one of them was put there';
}

async function* rowsOf(db: Database): AsyncGenerator<Row> {
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('audit')
      .selectAll()
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(PAGE_ROWS)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE_ROWS) return;
    after = last.seq;
  }
}

/**
 * Follows the chain from its beginning to the first record that does not fit, or to the end. That the end was cut off shows
 * only by a hash that was noted before.
 * @throws the signal's reason
 */
export async function verifyAudit(
  db: Database,
  { contains, signal }: { readonly contains: string | undefined; readonly signal: AbortSignal },
): Promise<AuditVerification> {
  let last: AuditVerification['last'] = null;
  let fault: AuditVerification['fault'] = null;
  let records = 0;
  let isThere = false;
  for await (const row of rowsOf(db)) {
    signal.throwIfAborted();
    const at = new Date(row.at).toISOString();
    const why = faultOf(row, last?.hash ?? CHAIN_START);
    if (why !== undefined) {
      fault = { seq: row.seq, at, why };
      break;
    }
    last = { seq: row.seq, at, hash: row.hash };
    records += 1;
    isThere ||= row.hash === contains;
  }
  return { records, last, fault, contains: contains === undefined ? null : isThere };
}
