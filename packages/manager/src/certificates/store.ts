import {
  type Certificate,
  type CertificateQuery,
  DAY_MS,
  PatchError,
  SerialNumber,
} from '@linux-patch/contract';
import { canonicalSerial } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import type { z } from 'zod';
import type { CertificateRow, ManagerTables } from '../database/schema.ts';
import type { Reach } from '../reach/reach.ts';
import { within } from '../reach/within.ts';

/** Fewer digits are a slip of the hand rather than a certificate; revoking one cannot be undone. */
const SHORTEST_PREFIX = 6;
/** Certificates named where a prefix fits several. */
const NAMED = 10;

/** The certificate of this serial number; else those whose serial number begins so. */
async function findBySerial(
  db: Kysely<ManagerTables>,
  reach: Reach,
  serial: string,
): Promise<CertificateRow[]> {
  const rows = db
    .selectFrom('certificates')
    .selectAll()
    .where(within(reach, 'certificates.host_id'))
    .orderBy('serial')
    .limit(NAMED + 1);
  const whole = await rows.where('serial', '=', canonicalSerial(serial)).execute();
  if (whole.length > 0 || serial.length < SHORTEST_PREFIX) return whole;
  // Every digit comes before "g".
  return rows.where('serial', '>', serial).where('serial', '<', `${serial}g`).execute();
}

function unknown(serial: string): PatchError {
  return new PatchError(
    'CERTIFICATE_NOT_FOUND',
    `This manager issued no certificate ${serial}. "linux-patch-manager certificates list --all" shows what it issued; ` +
      `a serial number may be cut short as long as only one begins so, to ${SHORTEST_PREFIX} digits at least.`,
  );
}

function ambiguous(serial: string, rows: readonly CertificateRow[]): PatchError {
  const named = rows.slice(0, NAMED).map((row) => `${row.serial} (${row.subject})`);
  const more = rows.length > NAMED ? [' and more'] : [];
  return new PatchError(
    'CERTIFICATE_NOT_FOUND',
    `Several serial numbers begin with ${serial}: ${named.join(', ')}${more.join('')}. Give more digits; nothing was changed.`,
  );
}

/** The records of the certificates this manager issued; of hosts out of reach there are none, nor of the manager for who does not see all. */
export interface CertificateStore {
  /** @param which.hostId only those of this host */
  list(
    query: z.output<typeof CertificateQuery>,
    which: { readonly reach: Reach; readonly hostId: string | undefined },
  ): Promise<Certificate[]>;
  /**
   * The certificate of a serial number, or of the beginning of one that no other has.
   * @throws PatchError `CERTIFICATE_NOT_FOUND`
   */
  get(reach: Reach, serial: string): Promise<CertificateRow>;
  view(row: CertificateRow): Promise<Certificate>;
}

function stateOf(row: CertificateRow, nowMs: number): Certificate['state'] {
  if (row.revoked_at !== null) return 'revoked';
  return row.not_after < nowMs ? 'expired' : 'valid';
}

function viewOf(row: CertificateRow, host: string | null, nowMs: number): Certificate {
  const iso = (epochMs: number): string => new Date(epochMs).toISOString();
  return {
    serial: row.serial,
    kind: row.kind,
    subject: row.subject,
    host,
    host_id: row.host_id,
    state: stateOf(row, nowMs),
    not_before: iso(row.not_before),
    not_after: iso(row.not_after),
    days_left: Math.floor((row.not_after - nowMs) / DAY_MS),
    issued_at: iso(row.issued_at),
    revoked_at: row.revoked_at === null ? null : iso(row.revoked_at),
    revoke_reason: row.revoke_reason,
  };
}

type Rows = SelectQueryBuilder<ManagerTables, 'certificates', CertificateRow>;

function inState(
  rows: Rows,
  state: NonNullable<z.output<typeof CertificateQuery>['state']>,
  nowMs: number,
): Rows {
  switch (state) {
    case 'all':
      return rows;
    case 'revoked':
      return rows.where('revoked_at', 'is not', null);
    case 'expired':
      return rows.where('revoked_at', 'is', null).where('not_after', '<', nowMs);
    case 'valid':
      return rows.where('revoked_at', 'is', null).where('not_after', '>=', nowMs);
  }
}

export function createCertificateStore(options: {
  readonly db: Kysely<ManagerTables>;
  readonly reads: Kysely<ManagerTables>;
  readonly clock: Clock;
}): CertificateStore {
  const { db, reads, clock } = options;
  return {
    async list({ expiring, state }, { reach, hostId }) {
      const nowMs = clock.now();
      let rows = inState(reads.selectFrom('certificates').selectAll(), state ?? 'valid', nowMs);
      rows = rows.where(within(reach, 'certificates.host_id'));
      if (hostId !== undefined) rows = rows.where('host_id', '=', hostId);
      if (expiring !== undefined) {
        rows = inState(rows, 'valid', nowMs).where('not_after', '<', nowMs + expiring * DAY_MS);
      }
      const hosts = await reads.selectFrom('hosts').select(['id', 'fqdn']).execute();
      const names = new Map(hosts.map((host) => [host.id, host.fqdn]));
      const found = await rows.orderBy('not_after').orderBy('serial').execute();
      return found.map((row) => viewOf(row, names.get(row.host_id ?? '') ?? null, nowMs));
    },
    async get(reach, serial) {
      const read = SerialNumber.safeParse(serial);
      const [row, ...others] = read.success ? await findBySerial(db, reach, read.data) : [];
      if (row && others.length === 0) return row;
      throw row ? ambiguous(serial, [row, ...others]) : unknown(serial);
    },
    async view(row) {
      const host = await db
        .selectFrom('hosts')
        .select('fqdn')
        .where('id', '=', row.host_id ?? '')
        .executeTakeFirst();
      return viewOf(row, host?.fqdn ?? null, clock.now());
    },
  };
}
