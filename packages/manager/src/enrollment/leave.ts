import { ENROLL_PATHS, isPatchError, type LeaveRequest, type Left, PatchError } from '@linux-patch/contract';
import { keyId, type VerifiedCertificateProof, verifyLeaveProof } from '@linux-patch/pki';
import { revokeHost } from '../certificates/revoke.ts';
import type { Database } from '../database/open.ts';
import { inTransaction } from '../database/transactions.ts';
import type { EnrollmentContext } from './context.ts';
import { findProven, revokedError } from './proven-certificate.ts';

/** The reason with which a host that leaves is revoked. */
const REASON = 'cessationOfOperation';

interface Asked {
  readonly observedAddress: string;
}

/**
 * Lets a host go that proves to hold its current key: its certificates are revoked, its record is kept as history.
 * Saying it again, for example because the answer was lost, changes nothing.
 *
 * @throws PatchError `UNAUTHORIZED`, `FORBIDDEN`, `CERT_REVOKED`
 */
export async function leave(context: EnrollmentContext, request: LeaveRequest, asked: Asked): Promise<Left> {
  const proof = verifyLeaveProof({
    jws: request.proof,
    audience: (url) => context.settings.isOwnUrl(url, ENROLL_PATHS.leave),
    nowS: Math.floor(context.clock.now() / 1000),
  });
  try {
    return await inTransaction(context.db, (db) => letGo(context, db, { proof, asked }));
  } catch (error) {
    if (isPatchError(error, 'FORBIDDEN', 'CERT_REVOKED')) await noteRefusal(context, proof, { error, asked });
    throw error;
  }
}

async function letGo(
  context: EnrollmentContext,
  db: Database,
  { proof, asked }: { readonly proof: VerifiedCertificateProof; readonly asked: Asked },
): Promise<Left> {
  const certificate = await findProven(context, db, proof, 'leave');
  if (certificate.revoked_at !== null && certificate.revoke_reason !== REASON)
    throw revokedError(certificate);
  const host = await db
    .selectFrom('hosts')
    .select(['id', 'fqdn'])
    .where('id', '=', certificate.host_id)
    .executeTakeFirst();
  if (!host)
    throw new PatchError('FORBIDDEN', 'This certificate cannot leave: its host was removed already.');
  if (certificate.revoked_at !== null) return { fqdn: host.fqdn, revoked: 0 };
  const actor = keyId(proof.certificate.spki);
  await db.updateTable('hosts').set({ left_at: context.clock.now() }).where('id', '=', host.id).execute();
  const revoked = await revokeHost(context, db, host.id, { reason: REASON, actor });
  await context.audit.record(db, {
    actor,
    event: 'host_left',
    fields: {
      host: host.id,
      fqdn: host.fqdn,
      serial: certificate.serial,
      observed_address: asked.observedAddress,
    },
  });
  return { fqdn: host.fqdn, revoked: revoked.length };
}

/** What was refused is recorded outside the transaction that the refusal ended. */
async function noteRefusal(
  context: EnrollmentContext,
  proof: VerifiedCertificateProof,
  refused: { readonly error: PatchError; readonly asked: Asked },
): Promise<void> {
  await context.audit.record(context.db, {
    actor: 'agent',
    event: 'host_leave_refused',
    fields: {
      serial: proof.certificate.serialHex,
      reason: refused.error.message,
      observed_address: refused.asked.observedAddress,
    },
    stranger: refused.asked.observedAddress,
  });
}
