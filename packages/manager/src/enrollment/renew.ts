import {
  DAY_MS,
  ENROLL_PATHS,
  isPatchError,
  PatchError,
  type Renewed,
  type RenewRequest,
} from '@linux-patch/contract';
import { type VerifiedRenewal, verifyRenewalProof } from '@linux-patch/pki';
import type { Database } from '../database/open.ts';
import type { CertificateRow, HostRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { readCertificateRequest } from './certificate-request.ts';
import type { EnrollmentContext } from './context.ts';
import { followHost } from './follow-host.ts';
import { noteFork } from './note-fork.ts';
import { type AgentCertificate, findProven, rememberProofs, revokedError } from './proven-certificate.ts';
import { succeed } from './succeed.ts';

/** Renewals, with the memory of proofs that were used. */
export interface Renewals {
  /**
   * Issues a certificate for a new key to whoever proves to hold the current one; the same again for the same key.
   * @throws PatchError `UNAUTHORIZED`, `FORBIDDEN`, `CERT_REVOKED`, `CERT_FORKED`, `INVALID_REQUEST`
   */
  renew(request: RenewRequest, asked: { readonly observedAddress: string }): Promise<Renewed>;
}

export function createRenewals(context: EnrollmentContext): Renewals {
  const proofs = rememberProofs(context);
  return {
    async renew(request, asked) {
      const key = await readCertificateRequest(request.csr, 'body.csr');
      const proof = verifyRenewalProof({
        jws: request.proof,
        audience: (url) => context.settings.isOwnUrl(url, ENROLL_PATHS.renew),
        csrPem: request.csr,
        nowS: Math.floor(context.clock.now() / 1000),
      });
      const { authority } = context;
      const renewal = inTransaction(context.db, async (db) => {
        const { host: known, certificate } = await authorise(context, db, proof);
        proofs.use(proof.jti);
        const host = await followHost(context, db, {
          host: known,
          certificate: proof.certificate,
          key,
          ...asked,
        });
        const successor = await succeed(context, db, { certificate, host, key });
        await db.updateTable('hosts').set({ key_origin: 'host' }).where('id', '=', host.id).execute();
        await context.audit.record(db, {
          actor: key.keyId,
          event: successor.again ? 'certificate_sent_again' : 'certificate_renewed',
          fields: {
            host: host.id,
            fqdn: host.fqdn,
            serial: successor.serialHex,
            previous_serial: proof.certificate.serialHex,
            expired_days: expiredDays(proof, context.clock.now()),
            observed_address: asked.observedAddress,
          },
        });
        return {
          ca_crt: authority.trustedRootsPem,
          ca_chain: authority.chainPem,
          server_crt: `${successor.pem.trimEnd()}\n${authority.issuingPem}`,
          crl_pem: (await authority.revocationList(db, successor.serialHex)).pem,
          manager_client: authority.managerClient,
          ...successor.told,
        };
      });
      return renewal.catch((error: unknown) => noteRefusal(context, proof, { error, ...asked }));
    },
  };
}

/** What was refused is recorded outside the transaction that the refusal ended. */
async function noteRefusal(
  context: EnrollmentContext,
  proof: VerifiedRenewal,
  refused: { readonly error: unknown; readonly observedAddress: string },
): Promise<never> {
  const { error, observedAddress } = refused;
  const { serialHex } = proof.certificate;
  if (isPatchError(error, 'FORBIDDEN', 'UNAUTHORIZED', 'CERT_REVOKED', 'CERT_FORKED')) {
    if (error.code === 'CERT_FORKED') await noteFork(context, serialHex, { error, observedAddress });
    await context.audit.record(context.db, {
      actor: 'agent',
      event: 'certificate_renewal_refused',
      fields: { serial: serialHex, reason: error.message, observed_address: observedAddress },
      stranger: observedAddress,
    });
  }
  throw error;
}

/** Days since the certificate expired; undefined while it is in date. */
function expiredDays({ certificate }: VerifiedRenewal, now: number): number | undefined {
  return now > certificate.notAfterMs ? Math.floor((now - certificate.notAfterMs) / DAY_MS) : undefined;
}

function refusal(why: string): PatchError {
  return new PatchError('FORBIDDEN', `This certificate cannot renew: ${why}. Enrol the host again.`);
}

/**
 * The host that may renew. A certificate that expired a while ago still proves its host, which was switched off and
 * missed its renewal, when it is the newest that the host was given; an older one is what a snapshot or a copy has.
 */
async function authorise(
  context: EnrollmentContext,
  db: Database,
  proof: VerifiedRenewal,
): Promise<{ readonly host: HostRow; readonly certificate: AgentCertificate }> {
  const { notAfterMs } = proof.certificate;
  const now = context.clock.now();
  const expired = now > notAfterMs;
  if (expired && now > notAfterMs + context.settings.renewExpiredDays * DAY_MS) {
    throw refusal(`it expired on ${new Date(notAfterMs).toISOString()}, too long ago to renew by itself`);
  }
  const certificate = await findProven(context, db, proof, 'renew', expired ? notAfterMs : now);
  if (certificate.revoked_at !== null) throw revokedError(certificate);
  if (expired && (await hasNewer(db, certificate)))
    throw refusal('it has expired, and the host was given a newer one since');
  const host = await db
    .selectFrom('hosts')
    .selectAll()
    .where('id', '=', certificate.host_id)
    .executeTakeFirst();
  if (host) return { host, certificate };
  throw refusal('its host was removed');
}

/** Its own successors are not counted: they are judged by who asks. */
async function hasNewer(db: Database, known: CertificateRow): Promise<boolean> {
  const newer = await db
    .selectFrom('certificates')
    .select('serial')
    .where('host_id', '=', known.host_id)
    .where('not_after', '>', known.not_after)
    .where('origin', '!=', known.origin)
    .executeTakeFirst();
  return newer !== undefined;
}
