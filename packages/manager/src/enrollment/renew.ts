import {
  ENROLL_PATHS,
  isPatchError,
  PatchError,
  type Renewed,
  type RenewRequest,
} from '@linux-patch/contract';
import { buildChain, parseCertificates, type VerifiedRenewal, verifyRenewalProof } from '@linux-patch/pki';
import { certificateRow } from '../authority/authority.ts';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import { readCertificateRequest } from './certificate-request.ts';
import type { EnrollmentContext } from './context.ts';

/** Proofs are good for a minute; their ids are remembered a little longer than any clock may be off. */
const REPLAY_MEMORY_MS = 10 * 60_000;

/** Renewals, with the memory of proofs that were used. */
export interface Renewals {
  /**
   * Issues a certificate for a new key to whoever proves to hold the current one.
   * @throws PatchError `UNAUTHORIZED`, `FORBIDDEN`, `INVALID_REQUEST`
   */
  renew(
    request: RenewRequest,
    asked: { readonly host: string; readonly observedAddress: string },
  ): Promise<Renewed>;
}

export function createRenewals(context: EnrollmentContext): Renewals {
  const used = new Map<string, number>();
  const remember = (jti: string): void => {
    const now = context.clock.now();
    for (const [old, until] of used) if (until < now) used.delete(old);
    if (used.has(jti)) throw new PatchError('UNAUTHORIZED', 'This renewal proof was used before.');
    used.set(jti, now + REPLAY_MEMORY_MS);
  };
  return {
    async renew(request, asked) {
      const key = await readCertificateRequest(request.csr, 'body.csr');
      const proof = verifyAddressed(context, request, asked.host);
      const { authority } = context;
      const renewal = context.db.transaction().execute(async (db) => {
        const host = await authorise(context, db, proof);
        remember(proof.jti);
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
          crl_pem: await authority.createCrl(db),
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
  if (isPatchError(refused.error, 'FORBIDDEN', 'UNAUTHORIZED')) {
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

/** A proof is addressed to the URL the agent used: the configured one, or the name it called this server by. */
function verifyAddressed(context: EnrollmentContext, request: RenewRequest, host: string): VerifiedRenewal {
  const audiences = [context.settings.managerUrl, `https://${host}`].map(
    (base) => new URL(ENROLL_PATHS.renew, base).href,
  );
  const nowS = Math.floor(context.clock.now() / 1000);
  let failure: unknown;
  for (const audience of audiences) {
    try {
      return verifyRenewalProof({ jws: request.proof, audience, csrPem: request.csr, nowS });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function authorise(context: EnrollmentContext, db: Database, proof: VerifiedRenewal): Promise<HostRow> {
  const refuse = (why: string): never => {
    throw new PatchError('FORBIDDEN', `This certificate cannot renew: ${why}. Enrol the host again.`);
  };
  const { certificate, chain } = proof;
  try {
    const roots = parseCertificates(context.authority.rootPem);
    buildChain({ leaf: certificate, intermediates: chain.slice(1), roots, now: context.clock.now() });
  } catch {
    refuse('it has expired or is not from this manager');
  }
  const known = await db
    .selectFrom('certificates')
    .selectAll()
    .where('serial', '=', certificate.serialHex)
    .executeTakeFirst();
  if (!known || known.host_id === null) return refuse('this manager did not issue it');
  if (known.revoked_at !== null) return refuse('it is revoked');
  const host = await db.selectFrom('hosts').selectAll().where('id', '=', known.host_id).executeTakeFirst();
  return host ?? refuse('its host was removed');
}
