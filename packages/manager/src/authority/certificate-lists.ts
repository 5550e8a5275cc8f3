import { certificatePoint, createCrl, MANAGER_POINT } from '@linux-patch/pki';
import type { Database } from '../database/open.ts';
import {
  currentRevocationList,
  entriesOf,
  type ListOrder,
  type RevocationList,
  revokedOfManager,
} from './revocation-list.ts';

/** How many lists are kept in memory, about a kilobyte each; others are signed again when they are asked for. */
const KEPT_LISTS = 1_000;

/**
 * The list for the holder of one certificate: about the manager's certificates and about this one, so its size does not
 * grow with the number of certificates that are revoked. It has number and dates of the list of the manager's
 * certificates, which also is what is returned for a certificate that is no host's or not recorded here.
 */
export type CertificateLists = (db: Database, order: ListOrder, serial: string) => Promise<RevocationList>;

export function createCertificateLists(): CertificateLists {
  let kept = { basePem: '', lists: new Map<string, RevocationList>() };
  return async (db, order, serial) => {
    const base = await currentRevocationList(db, order);
    if (kept.basePem !== base.pem) kept = { basePem: base.pem, lists: new Map() };
    // Not `kept`, which may be another one when the list is signed: then this one is out of date.
    const { lists } = kept;
    const known = lists.get(serial);
    if (known) return known;
    const list = await signFor(db, order, { base, serial });
    const [oldest] = lists.keys();
    if (lists.size >= KEPT_LISTS && oldest !== undefined) lists.delete(oldest);
    if (list !== base) lists.set(serial, list);
    return list;
  };
}

async function signFor(
  db: Database,
  order: ListOrder,
  { base, serial }: { readonly base: RevocationList; readonly serial: string },
): Promise<RevocationList> {
  const row = await db
    .selectFrom('certificates')
    .select(['kind', 'serial', 'not_after', 'revoked_at', 'revoke_reason'])
    .where('serial', '=', serial)
    .executeTakeFirst();
  if (row?.kind !== 'agent') return base;
  const own = row.revoked_at === null ? [] : [row];
  const revoked = [...(await revokedOfManager(db)), ...own];
  const pem = await createCrl({
    issuer: order.issuer,
    revoked: entriesOf(revoked, base.thisUpdateMs - order.lifetimeMs),
    points: [MANAGER_POINT, certificatePoint(serial)],
    number: BigInt(base.number),
    now: base.thisUpdateMs,
    nextUpdateMs: base.nextUpdateMs,
  });
  return { ...base, pem };
}
