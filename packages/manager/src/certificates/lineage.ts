import { canonicalIpAddress, parseCertificate } from '@linux-patch/pki';
import { recordOrder } from '../database/dialect.ts';
import type { Database } from '../database/open.ts';
import type { CertificateRow } from '../database/schema.ts';

/** What a certificate that was renewed before is renewed to now. */
export type Succession =
  /** To a new certificate; these, which nobody ever saw in use, give way to it. */
  | { readonly kind: 'issue'; readonly givesWay: readonly CertificateRow[] }
  /** To the one that this key was given already: its answer was lost, or its host was restored. */
  | { readonly kind: 'again'; readonly certificate: CertificateRow; readonly pem: string }
  /** To none: its successor, for another key, is in use. Somebody else holds this identity as well. */
  | { readonly kind: 'fork'; readonly successor: CertificateRow }
  /** To none: its successor, for this key, was revoked. */
  | { readonly kind: 'revoked'; readonly successor: CertificateRow };

/** Certificates that a certificate was renewed to, the newest last. */
export function successorsOf(db: Database, serial: string): Promise<CertificateRow[]> {
  return db
    .selectFrom('certificates')
    .selectAll()
    .where('renewed_from', '=', serial)
    .orderBy('issued_at')
    .orderBy(recordOrder(db, 'certificates'))
    .execute();
}

/** @param asks the key that asks, when, for which address, and the CA that issues to hosts now */
export function judgeSuccession(
  successors: readonly CertificateRow[],
  asks: {
    readonly spkiSha256: string;
    readonly now: number;
    readonly ca: string;
    readonly ipAddress: string;
  },
): Succession {
  const used = successors.filter((one) => one.served_at !== null);
  const other = used.findLast((one) => one.spki_sha256 !== asks.spkiSha256);
  if (other) return { kind: 'fork', successor: other };
  const ended = used.findLast((one) => one.revoked_at !== null);
  if (ended) return { kind: 'revoked', successor: ended };
  const good = successors.filter((one) => one.revoked_at === null);
  const own = good.findLast(
    (one) => one.spki_sha256 === asks.spkiSha256 && one.ca === asks.ca && one.not_after > asks.now,
  );
  if (own && own.pem !== null && names(own.pem, asks.ipAddress))
    return { kind: 'again', certificate: own, pem: own.pem };
  return { kind: 'issue', givesWay: good };
}

/** A host may have moved since its certificate was issued. */
function names(pem: string, ipAddress: string): boolean {
  return parseCertificate(pem).ipAddresses.includes(canonicalIpAddress(ipAddress));
}

/** Notes that a certificate is in use; only the first time counts. */
export async function noteServed(db: Database, serial: string, now: number): Promise<void> {
  await db
    .updateTable('certificates')
    .set({ served_at: now })
    .where('serial', '=', serial)
    .where('served_at', 'is', null)
    .execute();
}

/**
 * Serials of a host's good certificates that `origin` replaces: all that come from approvals up to `decidedAt`, also when
 * their key renewed after it. Certificates that were renewed from `origin`, and those of later approvals, are not among them.
 */
export async function replacedBy(
  db: Database,
  hostId: string,
  origin: { readonly serial: string; readonly decidedAt: number },
): Promise<string[]> {
  const rows = await db
    .selectFrom('certificates as own')
    .innerJoin('certificates as first', 'first.serial', 'own.origin')
    .select('own.serial')
    .where('own.host_id', '=', hostId)
    .where('own.revoked_at', 'is', null)
    .where('own.origin', '!=', origin.serial)
    .where('first.issued_at', '<=', origin.decidedAt)
    .execute();
  return rows.map((row) => row.serial);
}

/** How many certificates of one host are good at once: the one in use, and two that it could go back to. */
const MOST_LIVE = 3;

/**
 * Serials of a host's good certificates beyond the three that may live, the oldest first. The newest always stays, and
 * so does the newest of a line that is known to be in use, however many approvals nobody fetched came after it.
 */
export async function beyondThree(db: Database, hostId: string, now: number): Promise<string[]> {
  const live = await db
    .selectFrom('certificates as own')
    .innerJoin('certificates as first', 'first.serial', 'own.origin')
    .select(['own.serial', 'own.served_at', 'first.served_at as origin_served_at'])
    .where('own.host_id', '=', hostId)
    .where('own.revoked_at', 'is', null)
    .where('own.not_after', '>=', now)
    .orderBy('own.issued_at', 'desc')
    .orderBy(recordOrder(db, 'own'), 'desc')
    .execute();
  const [newest, ...others] = live.map((row) => row.serial);
  const inUse = live.find((row) => row.served_at !== null || row.origin_served_at !== null)?.serial;
  const order = [newest, inUse, ...others].filter((serial) => serial !== undefined);
  return [...new Set(order)].slice(MOST_LIVE).reverse();
}
