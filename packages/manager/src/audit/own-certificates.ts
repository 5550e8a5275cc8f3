import { type CertificateFacts, parseCertificates } from '@linux-patch/pki';
import type { Authority } from '../authority/authority.ts';
import type { Pair } from '../authority/key-files.ts';
import type { Database } from '../database/open.ts';
import type { CertificateRow } from '../database/schema.ts';
import type { AuditLog } from './audit-log.ts';

/** The manager's own pairs by name. */
export type OwnName = 'client' | 'web';

const KINDS = { client: 'manager_client', web: 'web' } as const satisfies Record<
  OwnName,
  CertificateRow['kind']
>;

/** The manager's own certificates in use, each recorded and, when it is another one than before, audited. */
export interface OwnCertificates {
  /** The pair to use now; renewed when it is due. */
  pair(name: OwnName): Promise<Pair>;
  /** Makes a pair anew when this serial number is in use. Returns its name then. */
  replace(serialHex: string): Promise<OwnName | undefined>;
}

/** Asks the authority for the pairs and keeps the records. */
export function keepOwnCertificates(
  authority: Pick<Authority, 'clientPair' | 'webPair' | 'renewPair'>,
  audit: AuditLog,
  db: Database,
): OwnCertificates {
  const seen = new Map<OwnName, string>();
  const see = async (name: OwnName, pair: Pair): Promise<Pair> => {
    const [certificate] = parseCertificates(pair.certificatePem);
    if (!certificate || seen.get(name) === certificate.serialHex) return pair;
    await record(audit, db, { name, certificate });
    seen.set(name, certificate.serialHex);
    return pair;
  };
  const pair: OwnCertificates['pair'] = async (name) =>
    see(name, await (name === 'client' ? authority.clientPair() : authority.webPair()));
  return {
    pair,
    async replace(serialHex) {
      for (const name of ['client', 'web'] as const) {
        await pair(name);
        if (seen.get(name) !== serialHex) continue;
        await see(name, await authority.renewPair(name));
        return name;
      }
      return undefined;
    },
  };
}

async function record(
  audit: AuditLog,
  db: Database,
  { name, certificate }: { readonly name: OwnName; readonly certificate: CertificateFacts },
): Promise<void> {
  if (!db.isTransaction) return db.transaction().execute((own) => record(audit, own, { name, certificate }));
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('certificates')
    .values({
      serial: certificate.serialHex,
      kind: KINDS[name],
      host_id: null,
      subject: certificate.subject,
      spki_sha256: certificate.spkiSha256,
      not_before: certificate.notBeforeMs,
      not_after: certificate.notAfterMs,
      issued_at: certificate.notBeforeMs,
      revoked_at: null,
      revoke_reason: null,
      renew_at: null,
      renewed_from: null,
    })
    .onConflict((conflict) => conflict.column('serial').doNothing())
    .executeTakeFirst();
  if (!numInsertedOrUpdatedRows) return;
  const before = await db
    .selectFrom('certificates')
    .select('serial')
    .where('kind', '=', KINDS[name])
    .where('serial', '!=', certificate.serialHex)
    .executeTakeFirst();
  await audit.record(db, {
    actor: 'manager',
    event: before ? 'own_certificate_renewed' : 'own_certificate_recorded',
    fields: {
      name,
      serial: certificate.serialHex,
      not_after: new Date(certificate.notAfterMs).toISOString(),
    },
  });
}
