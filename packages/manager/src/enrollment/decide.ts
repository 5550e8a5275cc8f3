import { type ApproveRequest, DAY_MS, type DenyRequest, PatchError } from '@linux-patch/contract';
import { managerDeniedTag } from '@linux-patch/pki';
import { type Acting, requireStill } from '../audit/acting.ts';
import { findCompromised } from '../certificates/revoked-keys.ts';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { admit, subjectOf } from './admit.ts';
import { isSameClaim } from './claim.ts';
import type { EnrollmentContext } from './context.ts';
import { verifyCode } from './host-code.ts';
import { findHost } from './host-record.ts';
import { getRow } from './row.ts';
import { extensionOf } from './transcript.ts';

/** How long an agent that asks again hears that it was refused. */
const DENIAL_MS = DAY_MS;

function requireUndecided(row: EnrollmentRow, now: number): void {
  if (row.state === 'denied')
    throw new PatchError(
      'JOB_CONFLICT',
      `The request of ${row.fqdn} was denied already. The host can ask again.`,
    );
  if (row.expires_at < now)
    throw new PatchError(
      'JOB_CONFLICT',
      `The request of ${row.fqdn} has expired. The host asks again by itself.`,
    );
}

function requireMode(row: EnrollmentRow): void {
  const extension = extensionOf(row);
  if (!extension || extension.modes.includes('click')) return;
  throw new PatchError(
    'FORBIDDEN',
    `${row.fqdn} believes only its own code. Read it on the host with "linux-patch-api status" and approve with --code.`,
  );
}

/** What was checked before the transaction must still be what is decided in it. */
function requireUnchanged(seen: EnrollmentRow, current: EnrollmentRow): void {
  if (isSameClaim(seen, current)) return;
  throw new PatchError(
    'JOB_CONFLICT',
    `${current.fqdn} changed its request in this moment. Look at it again, then decide.`,
  );
}

/** Whoever holds a stolen key may be anybody; a host that lost it makes another one. */
async function requireUncompromised(db: Database, row: EnrollmentRow): Promise<void> {
  const serial = row.spki_sha256 === null ? undefined : await findCompromised(db, row.spki_sha256);
  if (serial === undefined) return;
  throw new PatchError(
    'FORBIDDEN',
    `The key of ${row.fqdn} was revoked as compromised, with certificate ${serial}, and gets no certificate any more. ` +
      'Deny the request. If it is your host, run "linux-patch-api leave --force" on it and start the agent again: it makes another key.',
  );
}

/**
 * Lets a host join: one transaction, and doing it twice changes nothing.
 *
 * @throws PatchError `ENROLLMENT_NOT_FOUND`, `CODE_MISMATCH`, `ENROLLMENT_LOCKED`, `FORBIDDEN`, `HOST_CONFLICT`, `JOB_CONFLICT`
 */
export async function approve(
  context: EnrollmentContext,
  id: string,
  request: ApproveRequest,
  by: Acting,
): Promise<EnrollmentRow> {
  const actor = by.name;
  const row = await getRow(context.db, id);
  if (row.state === 'installed') return row;
  requireUndecided(row, context.clock.now());
  if (row.state === 'approved') return row;
  const code =
    request.code === undefined ? undefined : await verifyCode(context, row, { code: request.code, actor });
  if (!code) requireMode(row);
  await inTransaction(context.db, async (db) => {
    requireStill(by);
    const current = await getRow(db, id);
    if (current.state === 'approved' || current.state === 'installed') return;
    requireUndecided(current, context.clock.now());
    requireUnchanged(row, current);
    await requireUncompromised(db, current);
    const known = await findHost(context, db, current, {
      replace: request.replace ?? false,
      verified: code !== undefined,
    });
    await admit(context, db, current, { actor, proof: code, known });
  });
  context.waiting.wake(id);
  return getRow(context.db, id);
}

/**
 * Refuses a host. With its code the host can tell that the refusal is the manager's own.
 *
 * @throws PatchError `ENROLLMENT_NOT_FOUND`, `CODE_MISMATCH`, `ENROLLMENT_LOCKED`, `JOB_CONFLICT`
 */
export async function deny(
  context: EnrollmentContext,
  id: string,
  request: DenyRequest,
  by: Acting,
): Promise<EnrollmentRow> {
  const actor = by.name;
  const row = await getRow(context.db, id);
  if (row.state === 'denied') return row;
  requirePending(row);
  const code =
    request.code === undefined ? undefined : await verifyCode(context, row, { code: request.code, actor });
  const tag =
    code &&
    managerDeniedTag(code.key, {
      transcriptHash: code.transcriptHash,
      nonceM: row.nonce_m,
      reason: request.reason,
    });
  await inTransaction(context.db, async (db) => {
    requireStill(by);
    const current = await getRow(db, id);
    if (current.state === 'denied') return;
    requirePending(current);
    requireUnchanged(row, current);
    const now = context.clock.now();
    await db
      .updateTable('enrollments')
      .set({
        state: 'denied',
        decided_at: now,
        decided_by: actor,
        deny_reason: request.reason ?? null,
        deny_tag: tag ?? null,
        expires_at: now + DENIAL_MS,
      })
      .where('id', '=', id)
      .execute();
    await context.audit.record(db, {
      actor,
      event: 'enrollment_denied',
      fields: { ...subjectOf(row), reason: request.reason, code_verified: code !== undefined },
    });
  });
  context.waiting.wake(id);
  return getRow(context.db, id);
}

function requirePending(row: EnrollmentRow): void {
  if (row.state === 'pending') return;
  throw new PatchError('JOB_CONFLICT', `${row.fqdn} was approved already; revoke its certificate instead.`);
}
