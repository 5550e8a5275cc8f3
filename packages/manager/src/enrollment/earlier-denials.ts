import type { Database } from '../database/open.ts';

/** A decision against a request. */
export interface Denial {
  readonly at: number;
  readonly by: string;
}

/** The last time an administrator denied a request of each of these keys, by SHA-256 of their SPKI. */
export async function lastDenials(
  db: Database,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Denial>> {
  if (keys.length === 0) return new Map();
  const rows = await db
    .selectFrom('enrollments')
    .select(['spki_sha256', 'decided_at', 'decided_by'])
    .where('state', '=', 'denied')
    .where('spki_sha256', 'in', keys)
    .orderBy('decided_at')
    .execute();
  return new Map(
    rows.map((row) => [row.spki_sha256 ?? '', { at: row.decided_at ?? 0, by: row.decided_by ?? 'unknown' }]),
  );
}
