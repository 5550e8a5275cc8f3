import type { Database } from '../database/open.ts';
import type { CertificateRow } from '../database/schema.ts';

type Link = Pick<CertificateRow, 'serial' | 'renewed_from' | 'issued_at' | 'revoked_at'>;

/** The certificate that an approval issued, from which this one was renewed, step by step; itself when it was not. */
function originOf(link: Link, bySerial: ReadonlyMap<string, Link>): Link {
  const before = bySerial.get(link.renewed_from ?? '');
  return before ? originOf(before, bySerial) : link;
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
  const links = await db
    .selectFrom('certificates')
    .select(['serial', 'renewed_from', 'issued_at', 'revoked_at'])
    .where('host_id', '=', hostId)
    .execute();
  const bySerial = new Map(links.map((link) => [link.serial, link]));
  return links
    .filter((link) => {
      const first = originOf(link, bySerial);
      return (
        link.revoked_at === null && first.serial !== origin.serial && first.issued_at <= origin.decidedAt
      );
    })
    .map((link) => link.serial);
}
