import { PatchError } from '@linux-patch/contract';
import { agentTag, equalTags, stretchHostCode } from '@linux-patch/pki';
import type { EnrollmentRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { EnrollmentContext } from './context.ts';
import { getRow } from './row.ts';
import { extensionOf, storedTranscriptHash } from './transcript.ts';

const MAX_FAILED_CODES = 5;
const LOCK_MS = 15 * 60_000;

/** A secret that only the host of this request shares with the manager: proves each to the other. */
export interface SharedSecret {
  readonly by: 'code' | 'token';
  /** What tags are keyed by. */
  readonly key: Uint8Array;
  readonly transcriptHash: Uint8Array;
}

/** A code that an administrator typed. */
export interface TypedCode {
  readonly code: string;
  readonly actor: string;
}

/**
 * Checks a typed host code against the stored request, in constant time; five wrong ones lock it.
 * @throws PatchError `CODE_MISMATCH`, `ENROLLMENT_LOCKED`, `FORBIDDEN`
 */
export async function verifyCode(
  context: EnrollmentContext,
  row: EnrollmentRow,
  typed: TypedCode,
): Promise<SharedSecret> {
  refuseLocked(row, context.clock.now());
  const extension = extensionOf(row);
  if (!extension) {
    throw new PatchError(
      'FORBIDDEN',
      `${row.fqdn} runs an agent of the older generation, which has no host code. Approve it without a code, or update the agent first.`,
    );
  }
  const hash = storedTranscriptHash(row, extension);
  const key = await stretchHostCode(typed.code, extension.nonce_a).catch(() => undefined);
  if (key && equalTags(agentTag(key, hash), extension.tag_a))
    return { by: 'code', key, transcriptHash: hash };
  await noteWrongCode(context, row, typed.actor);
  throw new PatchError(
    'CODE_MISMATCH',
    `The code does not fit the request of ${row.fqdn}: a typing error, or the request was changed on its way here. ` +
      `Read it again on the host with "linux-patch-api status" and compare the key id, which must be ${row.key_id}. If both are right, somebody is in between: ` +
      'deny the request without its code, see who it is, then start the agent on the host again. It asks once more with the same key and code.',
  );
}

/** Whether a code is the one of this request; tells nobody, so whoever asks counts the wrong ones. */
export async function fitsCode(row: EnrollmentRow, code: string): Promise<boolean> {
  const extension = extensionOf(row);
  if (!extension) return false;
  const key = await stretchHostCode(code, extension.nonce_a).catch(() => undefined);
  return key !== undefined && equalTags(agentTag(key, storedTranscriptHash(row, extension)), extension.tag_a);
}

function refuseLocked(row: EnrollmentRow, now: number): void {
  if (row.locked_until === null || row.locked_until <= now) return;
  const minutes = Math.ceil((row.locked_until - now) / 60_000);
  throw new PatchError(
    'ENROLLMENT_LOCKED',
    `Too many wrong codes were typed for ${row.fqdn}; wait ${minutes} min, then read the code on the host again.`,
    { details: { retry_after_seconds: minutes * 60 } },
  );
}

/** Counts a wrong code; five lock the request. */
export async function noteWrongCode(
  context: EnrollmentContext,
  row: EnrollmentRow,
  actor: string,
): Promise<void> {
  await inTransaction(context.db, async (db) => {
    const failed = (await getRow(db, row.id)).failed_codes + 1;
    const locked = failed >= MAX_FAILED_CODES;
    await db
      .updateTable('enrollments')
      .set(
        locked ? { failed_codes: 0, locked_until: context.clock.now() + LOCK_MS } : { failed_codes: failed },
      )
      .where('id', '=', row.id)
      .execute();
    await context.audit.record(db, {
      actor,
      event: 'enrollment_wrong_code',
      fields: {
        enrollment: row.id,
        fqdn: row.fqdn,
        key_id: row.key_id,
        observed_address: row.observed_address,
        locked,
      },
    });
  });
}
