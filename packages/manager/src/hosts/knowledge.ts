import type { Database } from '../database/open.ts';
import type { CertificateRow } from '../database/schema.ts';
import { HealthReport } from '../fleet-watch/health-report.ts';

/** The newest certificate of a host that is not revoked. */
export type NewestCertificate = Pick<CertificateRow, 'serial' | 'not_after' | 'renew_at'>;

/** What records and reports say about hosts, by host id. */
export interface FleetKnowledge {
  readonly certificates: ReadonlyMap<string, NewestCertificate>;
  readonly reports: ReadonlyMap<string, HostReport>;
  /** Numbers of the lists that hosts have; null for one that did not take the first it was sent. */
  readonly listNumbers: ReadonlyMap<string, number | null>;
  /** Number of the first list that names everything; 0 while nothing was ever signed. */
  readonly listCompleteSince: number;
}

interface HostReport {
  readonly atMs: number;
  readonly servedSerial: string | null;
  readonly health: HealthReport;
}

/** Reads it once for the whole fleet, or for one host. */
export async function readKnowledge(db: Database, hostId: string | undefined): Promise<FleetKnowledge> {
  let issued = db
    .selectFrom('certificates')
    .select(['host_id', 'serial', 'not_after', 'renew_at'])
    .where('host_id', 'is not', null)
    .where('revoked_at', 'is', null)
    .orderBy('issued_at');
  let reported = db.selectFrom('host_reports').selectAll();
  let delivered = db.selectFrom('list_deliveries').select(['host_id', 'number']);
  if (hostId !== undefined) {
    issued = issued.where('host_id', '=', hostId);
    reported = reported.where('host_id', '=', hostId);
    delivered = delivered.where('host_id', '=', hostId);
  }
  const list = await db
    .selectFrom('revocation_lists')
    .select('complete_since')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return {
    // The last of each host wins: they come in the order in which they were issued.
    certificates: new Map((await issued.execute()).map((row) => [row.host_id ?? '', row])),
    reports: new Map(
      (await reported.execute()).map((row) => [
        row.host_id,
        {
          atMs: row.at,
          servedSerial: row.served_serial,
          health: HealthReport.parse(JSON.parse(row.health)),
        },
      ]),
    ),
    listNumbers: new Map((await delivered.execute()).map((row) => [row.host_id, row.number])),
    listCompleteSince: list?.complete_since ?? 0,
  };
}
