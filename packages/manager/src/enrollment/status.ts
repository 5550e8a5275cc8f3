import { Bundle, type EnrollAck, type EnrollStatus, PatchError } from '@linux-patch/contract';
import { verifyProof } from '@linux-patch/pki';
import { noteServed, replacedBy } from '../certificates/lineage.ts';
import { revokeCertificate } from '../certificates/revoke.ts';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import type { EnrollmentContext } from './context.ts';
import { MAX_WAIT_S } from './register.ts';
import { getRow } from './row.ts';
import { hashToken } from './token.ts';

/** A poll as it came in. */
export interface Poll {
  readonly token: string;
  readonly proof: string | undefined;
  /** Path without the token, as the agent signed it. */
  readonly path: string;
  /** Seconds the agent asks to be held. */
  readonly waitS: number;
  readonly signal: AbortSignal;
  /** Told when the poll is signed with the key of its request. */
  readonly onProven: () => void;
}

/** What a poll is answered with. */
export type PollResult =
  | { readonly kind: 'status'; readonly body: EnrollStatus; readonly heldS: number }
  /** The proof is signed with a time too far off; here is ours. */
  | { readonly kind: 'clock_off'; readonly serverTimeS: number }
  | { readonly kind: 'unproven' };

async function findByToken(context: EnrollmentContext, token: string): Promise<EnrollmentRow | undefined> {
  const row = await context.db
    .selectFrom('enrollments')
    .selectAll()
    .where('token_hash', '=', hashToken(token))
    .executeTakeFirst();
  return row && row.expires_at < context.clock.now() ? undefined : row;
}

function statusOf(row: EnrollmentRow | undefined): EnrollStatus {
  if (!row) return { status: 'notfound' };
  switch (row.state) {
    case 'pending':
      return { status: 'pending' };
    case 'denied':
      return {
        status: 'denied',
        ...(row.deny_reason === null ? {} : { reason: row.deny_reason }),
        ...(row.deny_tag === null ? {} : { tag_m: row.deny_tag }),
      };
    case 'approved':
      return row.bundle === null
        ? { status: 'notfound' }
        : { status: 'approved', ...Bundle.parse(JSON.parse(row.bundle)) };
    case 'installed':
      return { status: 'notfound' };
  }
}

function proofOf(context: EnrollmentContext, row: EnrollmentRow, poll: Poll) {
  if (row.spki === null) return 'ok';
  if (poll.proof === undefined) return 'malformed';
  return verifyProof({
    header: poll.proof,
    spki: row.spki,
    label: 'lpe1/poll',
    method: 'GET',
    path: poll.path,
    token: poll.token,
    nowS: Math.floor(context.clock.now() / 1000),
  });
}

/** Answers a poll, holding it open while its request is undecided. A token without its key reads nothing. */
export async function poll(context: EnrollmentContext, request: Poll): Promise<PollResult> {
  const row = await findByToken(context, request.token);
  if (!row) return { kind: 'status', body: { status: 'notfound' }, heldS: 0 };
  const proof = proofOf(context, row, request);
  if (proof === 'clock_off')
    return { kind: 'clock_off', serverTimeS: Math.floor(context.clock.now() / 1000) };
  if (proof !== 'ok') return { kind: 'unproven' };
  if (row.spki !== null) request.onProven();
  await inTransaction(context.db, async (db) => {
    const now = context.clock.now();
    await db.updateTable('enrollments').set({ last_poll_at: now }).where('id', '=', row.id).execute();
  });
  const heldS = row.state === 'pending' && context.waiting.hasRoom ? Math.min(MAX_WAIT_S, request.waitS) : 0;
  if (heldS === 0) return answerWith(context, row, heldS);
  await context.waiting.hold({
    requestId: row.id,
    limitMs: heldS * 1000,
    signal: request.signal,
    isDecided: async () => (await findByToken(context, request.token))?.state !== 'pending',
  });
  return answerWith(context, await findByToken(context, request.token), heldS);
}

/** An approval that leaves is recorded first: whoever holds it can be the host from then on. */
async function answerWith(
  context: EnrollmentContext,
  row: EnrollmentRow | undefined,
  heldS: number,
): Promise<PollResult> {
  const body = statusOf(row);
  if (!row || body.status !== 'approved') return { kind: 'status', body, heldS };
  const isFirst = await inTransaction(context.db, async (db) => {
    if (row.spki === null && !(await takeOnce(db, row))) return false;
    await context.audit.record(db, {
      actor: row.key_id ?? 'agent',
      event: 'enrollment_bundle_sent',
      fields: {
        enrollment: row.id,
        fqdn: row.fqdn,
        observed_address: row.observed_address,
        generation: row.spki === null ? 'older' : 'current',
        serial: row.serial,
      },
    });
    return true;
  });
  return { kind: 'status', body: isFirst ? body : { status: 'notfound' }, heldS };
}

/**
 * An agent of the older generation has no key to prove who reads: its bundle, private key included, is read once.
 * @returns false when somebody has read it already
 */
async function takeOnce(db: Database, row: EnrollmentRow): Promise<boolean> {
  const taken = await db
    .updateTable('enrollments')
    .set({ state: 'installed', bundle: null })
    .where('id', '=', row.id)
    .where('bundle', 'is not', null)
    .returning('id')
    .executeTakeFirst();
  return taken !== undefined;
}

/**
 * The agent has installed its bundle, or refused it. The bundle is removed only now, and certificates that it
 * replaces are revoked only now. Saying it again changes nothing.
 *
 * @throws PatchError `ENROLLMENT_NOT_FOUND`
 */
export async function acknowledge(
  context: EnrollmentContext,
  request: {
    readonly ack: EnrollAck;
    readonly body: string;
    readonly token: string;
    readonly proof: string | undefined;
    readonly path: string;
  },
): Promise<void> {
  const { ack } = request;
  const row = await findByToken(context, request.token);
  const proven =
    row?.spki &&
    request.proof !== undefined &&
    verifyProof({
      header: request.proof,
      spki: row.spki,
      label: 'lpe1/ack',
      method: 'POST',
      path: request.path,
      token: request.token,
      body: request.body,
      nowS: Math.floor(context.clock.now() / 1000),
    }) === 'ok';
  if (!row || !proven || row.id !== ack.request_id || row.serial !== ack.serial) {
    throw new PatchError(
      'ENROLLMENT_NOT_FOUND',
      'There is no approved request with this token, key and serial number.',
    );
  }
  await inTransaction(context.db, async (db) => {
    const current = await getRow(db, row.id);
    if (current.state !== 'approved') return;
    if (ack.state === 'installed') await settle(context, db, current);
    await context.audit.record(db, {
      actor: row.key_id ?? 'agent',
      event: ack.state === 'installed' ? 'enrollment_installed' : 'enrollment_bundle_rejected',
      fields: { enrollment: row.id, host: row.host_id, serial: ack.serial, reason_code: ack.reason_code },
    });
  });
}

/** Removes the bundle and revokes what it replaces; a later approval replaces it in turn. */
async function settle(context: EnrollmentContext, db: Database, row: EnrollmentRow): Promise<void> {
  await db
    .updateTable('enrollments')
    .set({ state: 'installed', bundle: null })
    .where('id', '=', row.id)
    .execute();
  const origin = { serial: row.serial ?? '', decidedAt: row.decided_at ?? 0 };
  await noteServed(db, origin.serial, context.clock.now());
  for (const serial of await replacedBy(db, row.host_id ?? '', origin)) {
    const replaced = { serial, host_id: row.host_id };
    await revokeCertificate(context, db, replaced, { reason: 'superseded', actor: 'manager' });
  }
}
