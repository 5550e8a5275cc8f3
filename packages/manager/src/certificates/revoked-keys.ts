import type { Database } from '../database/open.ts';

/** Which of these keys, as SHA-256 of their SPKI, were revoked as compromised, with the serial of the certificate. */
export async function compromisedAmong(
  db: Database,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (keys.length === 0) return new Map();
  const rows = await db
    .selectFrom('certificates')
    .select(['spki_sha256', 'serial'])
    .where('spki_sha256', 'in', keys)
    .where('revoked_at', 'is not', null)
    .where('revoke_reason', '=', 'keyCompromise')
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
