import type { Database } from '../database/open.ts';

/**
 * Keys of waiting requests, as SHA-256 of their SPKI, whose certificate was revoked as compromised, with the serial of
 * that certificate. Costs what the queue is long, however many were revoked.
 */
export async function compromisedKeys(db: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom('enrollments')
    .innerJoin('certificates', 'certificates.spki_sha256', 'enrollments.spki_sha256')
    .select(['certificates.spki_sha256', 'certificates.serial'])
    .where('enrollments.state', '=', 'pending')
    .where('certificates.revoke_reason', '=', 'keyCompromise')
    .execute();
  return new Map(rows.map((row) => [row.spki_sha256, row.serial]));
}

/** Serial of the certificate of this key that was revoked as compromised; undefined when there is none. */
export async function findCompromised(db: Database, spkiSha256: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('certificates')
    .select('serial')
    .where('spki_sha256', '=', spkiSha256)
    .where('revoke_reason', '=', 'keyCompromise')
    .executeTakeFirst();
  return row?.serial;
}

/** Whether a certificate of this key was revoked for cause, by whatever reason. */
export async function isRevokedForCause(db: Database, spkiSha256: string): Promise<boolean> {
  const revoked = await db
    .selectFrom('certificates')
    .select('serial')
    .where('spki_sha256', '=', spkiSha256)
    .where('revoked_at', 'is not', null)
    .where((where) =>
      where.or([
        where('revoke_reason', 'is', null),
        where('revoke_reason', 'not in', ['superseded', 'cessationOfOperation']),
      ]),
    )
    .executeTakeFirst();
  return revoked !== undefined;
}
