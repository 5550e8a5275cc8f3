import type { RevocationReason } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { CertificateRow } from '../database/schema.ts';

/** Who revokes, and why. */
export interface Revocation {
  readonly reason: RevocationReason;
  readonly actor: string;
}

/** What a revocation is recorded with. */
export interface Recorder {
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/**
 * Revokes one certificate from now on, with its audit record; give a transaction. Revoking twice changes nothing.
 *
 * @returns whether it was not revoked before.
 */
export async function revokeCertificate(
  { audit, clock }: Recorder,
  db: Database,
  certificate: Pick<CertificateRow, 'serial' | 'host_id'>,
  { reason, actor }: Revocation,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('certificates')
    .set({ revoked_at: clock.now(), revoke_reason: reason })
    .where('serial', '=', certificate.serial)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await audit.record(db, {
    actor,
    event: 'certificate_revoked',
    fields: { serial: certificate.serial, host: certificate.host_id, reason },
  });
  return true;
}

/**
 * Ends everything a host can prove itself with: its certificates, expired ones excepted, and approvals that were not
 * fetched yet. Give a transaction.
 *
 * @returns the serial numbers that were revoked.
 */
export async function revokeHost(
  recorder: Recorder,
  db: Database,
  hostId: string,
  revocation: Revocation,
): Promise<readonly string[]> {
  const valid = await db
    .selectFrom('certificates')
    .select(['serial', 'host_id'])
    .where('host_id', '=', hostId)
    .where('revoked_at', 'is', null)
    .where('not_after', '>=', recorder.clock.now())
    .execute();
  for (const certificate of valid) await revokeCertificate(recorder, db, certificate, revocation);
  await db
    .updateTable('enrollments')
    .set({ bundle: null })
    .where('host_id', '=', hostId)
    .where('bundle', 'is not', null)
    .execute();
  return valid.map((one) => one.serial);
}
