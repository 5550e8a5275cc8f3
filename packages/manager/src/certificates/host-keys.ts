import type { Database } from '../database/open.ts';
import type { ShownCertificate, Standing } from '../fleet-client/connect.ts';

/** What is on record about a certificate that was shown at the place of a host. */
export async function judgeShown(db: Database, hostId: string, shown: ShownCertificate): Promise<Standing> {
  const own = await db
    .selectFrom('certificates')
    .select('revoked_at')
    .where('spki_sha256', '=', shown.spkiSha256)
    .where('host_id', '=', hostId)
    .execute();
  const revoked = await isRevoked(db, shown.serialHex);
  // A key of a good certificate, or that of the revoked one itself.
  return { revoked, known: own.some((row) => revoked || row.revoked_at === null) };
}

/** Whether no certificate of this host that is in force lasts longer. */
export async function isNewest(
  db: Database,
  hostId: string,
  { serialHex }: ShownCertificate,
): Promise<boolean> {
  const newest = await db
    .selectFrom('certificates')
    .select('serial')
    .where('host_id', '=', hostId)
    .where('revoked_at', 'is', null)
    .orderBy('not_after', 'desc')
    .limit(1)
    .executeTakeFirst();
  return newest?.serial === serialHex;
}

/** Whether this manager revoked a certificate of this serial number. */
export async function isRevoked(db: Database, serial: string): Promise<boolean> {
  const row = await db
    .selectFrom('certificates')
    .select('revoked_at')
    .where('serial', '=', serial)
    .executeTakeFirst();
  return row !== undefined && row.revoked_at !== null;
}
