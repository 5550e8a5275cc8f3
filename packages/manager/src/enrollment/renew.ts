import {
  ENROLL_PATHS,
  isPatchError,
  PatchError,
  type Renewed,
  type RenewRequest,
} from '@linux-patch/contract';
import { type VerifiedRenewal, verifyRenewalProof } from '@linux-patch/pki';
import { certificateRow } from '../authority/authority.ts';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import { readCertificateRequest } from './certificate-request.ts';
import type { EnrollmentContext } from './context.ts';
import { findProven, rememberProofs, revokedError, verifyAddressed } from './proven-certificate.ts';

/** Renewals, with the memory of proofs that were used. */
export interface Renewals {
  /**
   * Issues a certificate for a new key to whoever proves to hold the current one.
   * @throws PatchError `UNAUTHORIZED`, `FORBIDDEN`, `CERT_REVOKED`, `INVALID_REQUEST`
   */
  renew(
    request: RenewRequest,
    asked: { readonly host: string; readonly observedAddress: string },
  ): Promise<Renewed>;
}

export function createRenewals(context: EnrollmentContext): Renewals {
  const proofs = rememberProofs(context);
  return {
    async renew(request, asked) {
      const key = await readCertificateRequest(request.csr, 'body.csr');
      const proof = verifyAddressed(
        context,
        { path: ENROLL_PATHS.renew, host: asked.host },
        (audience, nowS) => verifyRenewalProof({ jws: request.proof, audience, csrPem: request.csr, nowS }),
      );
      const { authority } = context;
      const renewal = context.db.transaction().execute(async (db) => {
        const host = await authorise(context, db, proof);
        proofs.use(proof.jti);
        const certificate = await authority.issueAgent(key.spki, {
          fqdn: host.fqdn,
          hostname: host.hostname,
          ipAddress: host.ip_address,
        });
        await db
          .insertInto('certificates')
          .values(certificateRow(certificate, host.id, context.clock.now()))
          .execute();
        await db.updateTable('hosts').set({ key_origin: 'host' }).where('id', '=', host.id).execute();
        await context.audit.record(db, {
          actor: key.keyId,
          event: 'certificate_renewed',
          fields: {
            host: host.id,
            fqdn: host.fqdn,
            serial: certificate.serialHex,
            previous_serial: proof.certificate.serialHex,
            observed_address: asked.observedAddress,
          },
        });
        return {
          ca_crt: authority.rootPem,
          ca_chain: authority.issuingPem + authority.rootPem,
          server_crt: `${certificate.pem.trimEnd()}\n${authority.issuingPem}`,
          crl_pem: (await authority.revocationList(db)).pem,
          manager_client: authority.managerClient,
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
  if (isPatchError(refused.error, 'FORBIDDEN', 'UNAUTHORIZED', 'CERT_REVOKED')) {
    await context.audit.record(context.db, {
      actor: 'agent',
      event: 'certificate_renewal_refused',
      fields: {
        serial: proof.certificate.serialHex,
        reason: refused.error.message,
        observed_address: refused.observedAddress,
      },
    });
  }
  throw refused.error;
}

async function authorise(context: EnrollmentContext, db: Database, proof: VerifiedRenewal): Promise<HostRow> {
  const certificate = await findProven(context, db, proof, 'renew');
  if (certificate.revoked_at !== null) throw revokedError(certificate);
  const host = await db
    .selectFrom('hosts')
    .selectAll()
    .where('id', '=', certificate.host_id)
    .executeTakeFirst();
  if (host) return host;
  throw new PatchError(
    'FORBIDDEN',
    'This certificate cannot renew: its host was removed. Enrol the host again.',
  );
}
