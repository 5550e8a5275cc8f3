import type { AuditVerification } from '@linux-patch/contract';
import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { Database } from '../database/open.ts';
import type { AuditRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';
import { CHAIN_START, hashOf } from './audit-log.ts';

type Row = Selectable<AuditRow>;

/** So many are hashed in a row, a few milliseconds. */
const PAGE_ROWS = 500;

/** Why a record does not fit after the one with this hash; `previousHash` is undefined for the first, which may follow sealed ones. */
function faultOf(row: Row, previousHash: string | undefined): string | undefined {
  if (row.hash !== hashOf(row)) return 'it is not as it was written';
  if (previousHash === undefined || row.previous_hash === previousHash) return undefined;
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

const Seal = z.object({ last_hash: z.string() });

/** The last hash that a record says was sealed. */
function sealedHash({ event, fields }: Row): string | undefined {
  return event === 'audit_sealed' ? readStored(Seal.partial(), fields, {}).last_hash : undefined;
}

type Fault = NonNullable<AuditVerification['fault']>;
const faultAt = ({ seq, at }: Row, why: string): Fault => ({ seq, at: new Date(at).toISOString(), why });

/** As much of a chain as is as it was written. */
interface Chain {
  readonly records: number;
  readonly first: Row | undefined;
  readonly last: Row | undefined;
  readonly fault: Fault | null;
}

/** Follows records, each of which is handed to `see`, to one that does not fit, or to the end. */
export async function followChain(
  rows: AsyncIterable<Row> | Iterable<Row>,
  see: (row: Row) => void = () => {},
): Promise<Chain> {
  let first: Row | undefined;
  let last: Row | undefined;
  let records = 0;
  for await (const row of rows) {
    const why = faultOf(row, last?.hash);
    if (why !== undefined) return { records, first, last, fault: faultAt(row, why) };
    first ??= row;
    last = row;
    records += 1;
    see(row);
  }
  return { records, first, last, fault: null };
}

/** What is wrong when what the first record follows is neither the beginning nor named by a record as sealed. */
function faultOfBeginning({ first, fault }: Chain, sealed: ReadonlySet<string>): Fault | null {
  if (!first || fault || sealed.has(first.previous_hash)) return null;
  return faultAt(first, 'records before it are missing, and none says that they were moved into a file');
}

/**
 * Follows the chain from its first record to one that does not fit, or to the end. What was sealed before the first has to be
 * named by a record of the chain. That the end was cut off shows only by a hash that was noted before.
 * @throws the signal's reason
 */
export async function verifyAudit(
  db: Database,
  { contains, signal }: { readonly contains: string | undefined; readonly signal: AbortSignal },
): Promise<AuditVerification> {
  let isThere = false;
  const sealed = new Set([CHAIN_START]);
  const chain = await followChain(rowsOf(db), (row) => {
    signal.throwIfAborted();
    isThere ||= row.hash === contains;
    const hash = sealedHash(row);
    if (hash !== undefined) sealed.add(hash);
  });
  const { records, first, last } = chain;
  return {
    records,
    last: last ? { seq: last.seq, at: new Date(last.at).toISOString(), hash: last.hash } : null,
    fault: chain.fault ?? faultOfBeginning(chain, sealed),
    sealed_to: first && first.previous_hash !== CHAIN_START ? first.seq - 1 : null,
    contains: contains === undefined ? null : isThere,
  };
}
