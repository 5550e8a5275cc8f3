import type { Bundle } from '@linux-patch/contract';
import { managerApprovedTag } from '@linux-patch/pki';
import type { AgentNames } from '../authority/agent-names.ts';
import { certificateRow } from '../authority/authority.ts';
import { keepThree } from '../certificates/keep-three.ts';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow } from '../database/schema.ts';
import type { EnrollmentContext } from './context.ts';
import type { SharedSecret } from './host-code.ts';

/** Issues the certificate and writes the answer that the agent will fetch. */
export async function makeBundle(
  context: EnrollmentContext,
  db: Database,
  row: EnrollmentRow,
  decision: {
    readonly hostId: string;
    readonly proof: SharedSecret | undefined;
    readonly names: AgentNames;
  },
): Promise<{ readonly bundle: Bundle; readonly serial: string }> {
  const { authority } = context;
  const { names } = decision;
  const issued =
    row.spki === null
      ? await authority.issueAgentWithKey(names)
      : { certificate: await authority.issueAgent(row.spki, names), privateKeyPem: undefined };
  const renewal = await context.renewalPlan.plan(db, issued.certificate);
  await db
    .insertInto('certificates')
    .values(
      certificateRow(issued.certificate, {
        host_id: decision.hostId,
        issued_at: context.clock.now(),
        renew_at: renewal.renewAtMs,
        renewed_from: null,
        origin: issued.certificate.serialHex,
        pem: null,
      }),
    )
    .execute();
  await keepThree(context, db, decision.hostId);
  const chain = authority.chainPem;
  const { pem: crlPem } = await authority.revocationList(db, issued.certificate.serialHex);
  const serverCrt = issued.certificate.pem.trimEnd() + '\n' + authority.issuingPem;
  const serial = issued.certificate.serialHex;
  if (issued.privateKeyPem !== undefined) {
    // Agents of the older generation compare the issuer's name with the first CA certificate, so that one leads.
    const server_key = issued.privateKeyPem;
    return {
      serial,
      bundle: { ca_crt: chain, ca_chain: chain, server_crt: serverCrt, server_key, crl_pem: crlPem },
    };
  }
  const signed = {
    ca_crt: authority.trustedRootsPem,
    ca_chain: chain,
    server_crt: serverCrt,
    crl_pem: crlPem,
  };
  const { proof } = decision;
  const tag = proof && {
    tag_by: proof.by,
    tag_m: managerApprovedTag(proof.key, {
      transcriptHash: proof.transcriptHash,
      nonceM: row.nonce_m,
      serverCrt,
      caCrt: signed.ca_crt,
      caChain: signed.ca_chain,
      crlPem,
      managerClient: authority.managerClient,
    }),
  };
  return {
    serial,
    bundle: {
      ...signed,
      ext: {
        v: 1,
        request_id: row.id,
        manager_client: authority.managerClient,
        job_key: authority.jobKey.offer,
        ...renewal.told,
        ...tag,
      },
    },
  };
}
