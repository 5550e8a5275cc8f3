import { PatchError, type Renewed } from '@linux-patch/contract';
import type { RequestFacts } from '@linux-patch/pki';
import { certificateRow } from '../authority/authority.ts';
import { keepThree } from '../certificates/keep-three.ts';
import { judgeSuccession, noteServed, successorsOf } from '../certificates/lineage.ts';
import { revokeCertificate } from '../certificates/revoke.ts';
import type { Database } from '../database/open.ts';
import type { CertificateRow, HostRow } from '../database/schema.ts';
import type { EnrollmentContext } from './context.ts';
import { type AgentCertificate, revokedError } from './proven-certificate.ts';

/** The certificate that follows another one. */
interface Successor {
  readonly pem: string;
  readonly serialHex: string;
  /** It was issued before; its answer did not arrive, or its host was set back. */
  readonly again: boolean;
  readonly told: Pick<Renewed, 'renew_window'>;
}

/**
 * Gives a certificate its one successor: the same again for the same key, a new one while no other was ever in use. Give
 * a transaction.
 *
 * @throws PatchError `CERT_FORKED` with the successor in `details`, `CERT_REVOKED`
 */
export async function succeed(
  context: EnrollmentContext,
  db: Database,
  proven: { readonly certificate: AgentCertificate; readonly host: HostRow; readonly key: RequestFacts },
): Promise<Successor> {
  const { certificate, host, key } = proven;
  const { clock, authority } = context;
  const wanted = { spkiSha256: key.spkiSha256, ipAddress: host.ip_address };
  const asks = { ...wanted, now: clock.now(), ca: authority.hostsCaId };
  const verdict = judgeSuccession(await successorsOf(db, certificate.serial), asks);
  switch (verdict.kind) {
    case 'fork':
      throw forkError(verdict.successor);
    case 'revoked':
      throw revokedError(verdict.successor);
    case 'again': {
      const { serial, renew_at } = verdict.certificate;
      const told = context.renewalPlan.tellAgain(renew_at);
      return { pem: verdict.pem, serialHex: serial, again: true, told };
    }
    case 'issue':
      return issue(context, db, { ...proven, givesWay: verdict.givesWay });
  }
}

async function issue(
  context: EnrollmentContext,
  db: Database,
  {
    certificate: before,
    host,
    key,
    givesWay,
  }: Parameters<typeof succeed>[2] & { readonly givesWay: readonly CertificateRow[] },
): Promise<Successor> {
  const { clock, authority } = context;
  for (const one of givesWay)
    await revokeCertificate(context, db, one, { reason: 'superseded', actor: 'manager' });
  const names = { fqdn: host.fqdn, hostname: host.hostname, ipAddress: host.ip_address };
  const certificate = await authority.issueAgent(key.spki, names);
  const { renewAtMs, told } = await context.renewalPlan.plan(db, certificate);
  const facts = {
    host_id: host.id,
    issued_at: clock.now(),
    renew_at: renewAtMs,
    renewed_from: before.serial,
    origin: before.origin,
    pem: certificate.pem,
  };
  await db.insertInto('certificates').values(certificateRow(certificate, facts)).execute();
  await noteServed(db, before.serial, clock.now());
  await keepThree(context, db, host.id);
  return { pem: certificate.pem, serialHex: certificate.serialHex, again: false, told };
}

/** Two holders of one identity are for people to tell apart. */
function forkError({ serial, served_at: since }: CertificateRow): PatchError {
  return new PatchError(
    'CERT_FORKED',
    `This certificate was renewed before, for another key, and its successor ${serial} is in use since ${new Date(since ?? 0).toISOString()}. ` +
      'So two machines hold one identity: this one is a copy or an old snapshot of the host, or somebody copied its key. Nothing was issued. ' +
      'If this machine is the host, let it join anew: "linux-patch-api --enroll" on it, then "linux-patch-manager enrollments approve" with its code. ' +
      'If it is a copy, give it a name and a machine-id of its own first.',
    { details: { successor: serial } },
  );
}
