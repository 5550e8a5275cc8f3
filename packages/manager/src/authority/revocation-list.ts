import { REVOCATION_REASONS } from '@linux-patch/contract';
import { createCrl, type Issuer, MANAGER_POINT, type RevokedEntry } from '@linux-patch/pki';
import type { Database } from '../database/open.ts';
import type { CertificateRow, RevocationListRow } from '../database/schema.ts';

/** A signed revocation list. Instants are epoch milliseconds. */
export interface RevocationList {
  readonly pem: string;
  /** Grows with every list, also when the clock goes back. */
  readonly number: number;
  /**
   * Number of the first list that names every certificate of the manager that is revoked now, superseded ones excepted:
   * a host with that one or a later one is up to date.
   */
  readonly completeSince: number;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
}

/** Who signs lists, when, and for how long. */
export interface ListOrder {
  readonly issuer: Issuer;
  /** Its key, SHA-256 of the SPKI. */
  readonly issuerSpki: string;
  readonly now: number;
  /** From `thisUpdate` to `nextUpdate`. */
  readonly lifetimeMs: number;
}

/**
 * The revocation list of the manager's own certificates, which every host needs; a host that is revoked itself has a
 * list of its own besides (see `createCertificateLists`). It is signed anew only when any certificate was revoked since,
 * so that every list that is made of it has a higher number then; when another key signs, half of its life is over, or
 * the clock says that it was made in the future.
 *
 * Inside a transaction it sees what that transaction revoked.
 */
export async function currentRevocationList(db: Database, order: ListOrder): Promise<RevocationList> {
  const known = await usableList(db, order);
  if (known) return known;
  if (db.isTransaction) return signList(db, order);
  // In a transaction of its own, so that two callers never sign two lists with one number.
  return db.transaction().execute(async (own) => (await usableList(own, order)) ?? signList(own, order));
}

function newestRow(db: Database): Promise<RevocationListRow | undefined> {
  return db.selectFrom('revocation_lists').selectAll().orderBy('number', 'desc').limit(1).executeTakeFirst();
}

/** Certificates are never un-revoked, so the count tells whether anything changed. The database itself keeps it. */
async function countRevoked(db: Database): Promise<number> {
  const { revoked } = await db.selectFrom('revocation_count').select('revoked').executeTakeFirstOrThrow();
  return Number(revoked);
}

async function usableList(db: Database, order: ListOrder): Promise<RevocationList | undefined> {
  const row = await newestRow(db);
  if (!row) return undefined;
  const half = row.this_update + (row.next_update - row.this_update) / 2;
  const fits =
    row.next_update - row.this_update === order.lifetimeMs &&
    row.this_update <= order.now &&
    order.now < half &&
    row.issuer_spki === order.issuerSpki &&
    row.revoked_count === (await countRevoked(db));
  return fits ? listOf(row) : undefined;
}

async function signList(
  db: Database,
  { issuer, issuerSpki, now, lifetimeMs }: ListOrder,
): Promise<RevocationList> {
  const previous = await newestRow(db);
  // The time in milliseconds, so that numbers also grow after a database was restored from an old backup, however many
  // certificates were revoked within a second.
  const number = Math.max((previous?.number ?? 0) + 1, Math.floor(now));
  const own = await revokedOfManager(db);
  const urgent = own.filter((row) => row.revoke_reason !== 'superseded').length;
  const unchanged = previous?.urgent_count === urgent && previous.issuer_spki === issuerSpki;
  const thisUpdate = Math.floor(now / 1000) * 1000;
  const row: RevocationListRow = {
    number,
    issuer_spki: issuerSpki,
    revoked_count: await countRevoked(db),
    urgent_count: urgent,
    complete_since: unchanged ? previous.complete_since : number,
    this_update: thisUpdate,
    next_update: thisUpdate + lifetimeMs,
    pem: await createCrl({
      issuer,
      revoked: entriesOf(own, now - lifetimeMs),
      points: [MANAGER_POINT],
      number: BigInt(number),
      now: thisUpdate,
      nextUpdateMs: thisUpdate + lifetimeMs,
    }),
  };
  await db.deleteFrom('revocation_lists').execute();
  await db.insertInto('revocation_lists').values(row).execute();
  return listOf(row);
}

type RevokedRow = Pick<CertificateRow, 'serial' | 'not_after' | 'revoked_at' | 'revoke_reason'>;

/** The manager's own certificates that are revoked, expired ones included. */
export function revokedOfManager(db: Database): Promise<RevokedRow[]> {
  return db
    .selectFrom('certificates')
    .select(['serial', 'not_after', 'revoked_at', 'revoke_reason'])
    .where('kind', 'in', ['manager_client', 'web'])
    .where('revoked_at', 'is not', null)
    .orderBy('revoked_at')
    .execute();
}

/**
 * How a list names certificates. An entry stays until a list was made after its certificate had expired (RFC 5280 §5),
 * so those that expired before `expiredSinceMs` are left out.
 */
export function entriesOf(rows: readonly RevokedRow[], expiredSinceMs: number): RevokedEntry[] {
  return rows
    .filter((row) => row.not_after >= expiredSinceMs)
    .map((row) => ({
      serialHex: row.serial,
      revokedAtMs: row.revoked_at ?? 0,
      reasonCode: row.revoke_reason === null ? undefined : REVOCATION_REASONS[row.revoke_reason],
    }));
}

function listOf(row: RevocationListRow): RevocationList {
  return {
    pem: row.pem,
    number: row.number,
    completeSince: row.complete_since,
    thisUpdateMs: row.this_update,
    nextUpdateMs: row.next_update,
  };
}
