import { DAY_MS, type Labels } from '@linux-patch/contract';
import type { HostRebootRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import type { CertificateRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';
import { HealthReport } from '../fleet-watch/health-report.ts';
import { readGroupNames } from '../groups/members.ts';
import { readLabels } from './labels.ts';

/** The newest certificate of a host that is not revoked. */
export type NewestCertificate = Pick<CertificateRow, 'serial' | 'not_after' | 'renew_at'>;

/** How long after its end a certificate with two holders is still worth a look. */
const FORK_MEMORY_MS = 30 * DAY_MS;

/** A certificate that somebody else holds as well. */
type ForkedCertificate = Pick<CertificateRow, 'serial' | 'forked_at'>;

/** What records and reports say about hosts, by host id. */
export interface FleetKnowledge {
  readonly certificates: ReadonlyMap<string, NewestCertificate>;
  readonly forks: ReadonlyMap<string, ForkedCertificate>;
  readonly reports: ReadonlyMap<string, HostReport>;
  /** Numbers of the lists that hosts have; null for one that did not take the first it was sent. */
  readonly listNumbers: ReadonlyMap<string, number | null>;
  readonly reboots: ReadonlyMap<string, HostRebootRow>;
  readonly labels: ReadonlyMap<string, Labels>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Number of the first list that names everything; 0 while nothing was ever signed. */
  readonly listCompleteSince: number;
}

interface HostReport {
  readonly atMs: number;
  readonly servedSerial: string | null;
  /** Whether that certificate is on record for this host. */
  readonly isServedKnown: boolean;
  readonly health: HealthReport;
}

/** Reads it once for the whole fleet, or for one host. */
export async function readKnowledge(
  db: Database,
  hostId: string | undefined,
  nowMs: number,
): Promise<FleetKnowledge> {
  let issued = db
    .selectFrom('certificates')
    .select(['host_id', 'serial', 'not_after', 'renew_at', 'forked_at'])
    .where('host_id', 'is not', null)
    .where('revoked_at', 'is', null)
    .orderBy('issued_at');
  let reported = db
    .selectFrom('host_reports')
    .leftJoin('certificates', (join) =>
      join
        .onRef('certificates.serial', '=', 'host_reports.served_serial')
        .onRef('certificates.host_id', '=', 'host_reports.host_id'),
    )
    .selectAll('host_reports')
    .select('certificates.serial as known_serial');
  let delivered = db.selectFrom('list_deliveries').select(['host_id', 'number']);
  let reboots = db.selectFrom('host_reboots').selectAll();
  if (hostId !== undefined) {
    issued = issued.where('host_id', '=', hostId);
    reported = reported.where('host_reports.host_id', '=', hostId);
    delivered = delivered.where('host_id', '=', hostId);
    reboots = reboots.where('host_id', '=', hostId);
  }
  const list = await db
    .selectFrom('revocation_lists')
    .select('complete_since')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  const certificates = await issued.execute();
  return {
    // The last of each host wins: they come in the order in which they were issued.
    certificates: new Map(certificates.map((row) => [row.host_id ?? '', row])),
    forks: new Map(
      certificates
        .filter((row) => row.forked_at !== null && row.not_after >= nowMs - FORK_MEMORY_MS)
        .map((row) => [row.host_id ?? '', row]),
    ),
    reports: new Map(
      (await reported.execute()).map((row) => [
        row.host_id,
        {
          atMs: row.at,
          servedSerial: row.served_serial,
          isServedKnown: row.served_serial === null || row.known_serial !== null,
          health: readStored(HealthReport, row.health, {}),
        },
      ]),
    ),
    listNumbers: new Map((await delivered.execute()).map((row) => [row.host_id, row.number])),
    reboots: new Map((await reboots.execute()).map((row) => [row.host_id, row])),
    labels: await readLabels(db, hostId),
    groups: await readGroupNames(db, hostId),
    listCompleteSince: list?.complete_since ?? 0,
  };
}
