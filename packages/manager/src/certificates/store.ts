import { type Certificate, type CertificateQuery, PatchError, SerialNumber } from '@linux-patch/contract';
import { canonicalSerial } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import type { z } from 'zod';
import type { CertificateRow, ManagerTables } from '../database/schema.ts';

const DAY_MS = 86_400_000;

/** The records of every certificate this manager issued. */
export interface CertificateStore {
  /** @param hostId only those of this host */
  list(query: z.output<typeof CertificateQuery>, hostId: string | undefined): Promise<Certificate[]>;
  /** @throws PatchError `CERTIFICATE_NOT_FOUND` */
  get(serial: string): Promise<CertificateRow>;
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
  readonly clock: Clock;
}): CertificateStore {
  const { db, clock } = options;
  return {
    async list({ expiring, state }, hostId) {
      const nowMs = clock.now();
      let rows = inState(db.selectFrom('certificates').selectAll(), state ?? 'valid', nowMs);
      if (hostId !== undefined) rows = rows.where('host_id', '=', hostId);
      if (expiring !== undefined) {
        rows = inState(rows, 'valid', nowMs).where('not_after', '<', nowMs + expiring * DAY_MS);
      }
      const hosts = await db.selectFrom('hosts').select(['id', 'fqdn']).execute();
      const names = new Map(hosts.map((host) => [host.id, host.fqdn]));
      const found = await rows.orderBy('not_after').orderBy('serial').execute();
      return found.map((row) => viewOf(row, names.get(row.host_id ?? '') ?? null, nowMs));
    },
    async get(serial) {
      const read = SerialNumber.safeParse(serial);
      const row = read.success
        ? await db
            .selectFrom('certificates')
            .selectAll()
            .where('serial', '=', canonicalSerial(read.data))
            .executeTakeFirst()
        : undefined;
      if (row) return row;
      throw new PatchError(
        'CERTIFICATE_NOT_FOUND',
        `This manager issued no certificate ${serial}. "linux-patch-manager certificates list --all" shows what it issued; the whole serial number is needed.`,
      );
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
