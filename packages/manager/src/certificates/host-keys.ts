import type { Database } from '../database/open.ts';

/**
 * Keys that were certified for a host, as SHA-256 of their SPKI.
 *
 * @param evenRevoked also those whose certificates are revoked
 */
export async function hostKeys(
  db: Database,
  hostId: string,
  evenRevoked: boolean,
): Promise<ReadonlySet<string>> {
  let rows = db.selectFrom('certificates').select('spki_sha256').where('host_id', '=', hostId);
  if (!evenRevoked) rows = rows.where('revoked_at', 'is', null);
  return new Set((await rows.execute()).map((row) => row.spki_sha256));
}
