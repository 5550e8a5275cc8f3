import { PatchError } from '@linux-patch/contract';
import { buildChain, parseCertificates, type VerifiedCertificateProof } from '@linux-patch/pki';
import type { Database } from '../database/open.ts';
import type { CertificateRow } from '../database/schema.ts';
import type { EnrollmentContext } from './context.ts';

/** Proofs are good for a minute; their ids are remembered a little longer than any clock may be off. */
const REPLAY_MEMORY_MS = 10 * 60_000;

/** An agent's certificate that this manager issued and that is not expired. It may be revoked. */
export type AgentCertificate = CertificateRow & { readonly host_id: string };

/**
 * The record of the certificate that a proof shows.
 *
 * @param purpose what the certificate is shown for, as in "cannot renew"
 * @param at the instant at which its chain must be in date, by default now
 * @throws PatchError `FORBIDDEN`
 */
export async function findProven(
  context: EnrollmentContext,
  db: Database,
  { certificate, chain }: VerifiedCertificateProof,
  purpose: string,
  at = context.clock.now(),
): Promise<AgentCertificate> {
  const refuse = (why: string): PatchError =>
    new PatchError('FORBIDDEN', `This certificate cannot ${purpose}: ${why}. Enrol the host again.`);
  try {
    const roots = parseCertificates(context.authority.provableRootsPem);
    buildChain({ leaf: certificate, intermediates: chain.slice(1), roots, now: at });
  } catch {
    throw refuse('it has expired or is not from this manager');
  }
  const known = await db
    .selectFrom('certificates')
    .selectAll()
    .where('serial', '=', certificate.serialHex)
    .executeTakeFirst();
  // The key counts, too: with a stolen CA key anybody could make a certificate with a number that is recorded.
  const isOurs = known?.spki_sha256 === certificate.spkiSha256;
  if (!known || !isOurs || known.host_id === null) throw refuse('this manager did not issue it');
  return { ...known, host_id: known.host_id };
}

/** What the holder of a revoked certificate is told. */
export function revokedError(certificate: CertificateRow): PatchError {
  const { serial, revoked_at: at, revoke_reason: reason } = certificate;
  return new PatchError(
    'CERT_REVOKED',
    `This certificate was revoked on ${new Date(at ?? 0).toISOString()} (${reason ?? 'unspecified'}), serial ${serial}. ` +
      'It cannot be used or renewed any more. The host has to ask to join again, and an administrator has to approve it: ' +
      '"linux-patch-api --enroll" on the host, then "linux-patch-manager enrollments approve" on the manager.',
    { details: { serial, reason: reason ?? 'unspecified' } },
  );
}

/** Remembers proofs that were used. */
export interface UsedProofs {
  /** @throws PatchError `UNAUTHORIZED` for a proof that was used before. */
  use(jti: string): void;
}

export function rememberProofs(context: Pick<EnrollmentContext, 'clock'>): UsedProofs {
  const used = new Map<string, number>();
  return {
    use(jti) {
      const now = context.clock.now();
      for (const [old, until] of used) if (until < now) used.delete(old);
      if (used.has(jti)) throw new PatchError('UNAUTHORIZED', 'This proof was used before.');
      used.set(jti, now + REPLAY_MEMORY_MS);
    },
  };
}
