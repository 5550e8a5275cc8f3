import { DAY_MS } from '@linux-patch/contract';
import {
  type CertificateFacts,
  issueCertificate,
  issuingProfile,
  parseCertificate,
  publicKeySpki,
  serialFrom,
} from '@linux-patch/pki';
import type { Clock, Random } from '@linux-patch/runtime';
import type { Pair } from './key-files.ts';

/** How much longer than any certificate below it an issuing CA must last; time for a manager that is switched off. */
const MARGIN_MS = 90 * DAY_MS;
/** Life of the manager's own certificates, which hang below the issuing CA too. */
const OWN_LIFE_MS = 365 * DAY_MS;
/** The end of a root is announced this long before, or as long as an agent's certificate lives. */
const ANNOUNCED_MS = 365 * DAY_MS;

/**
 * Whether the issuing CA is to be certified anew: what it signs now would come close to its end. Where its root ends
 * no later there is nothing to gain.
 */
export function isIssuingDue(
  authorities: {
    readonly root: Pick<CertificateFacts, 'notAfterMs'>;
    readonly issuing: Pick<CertificateFacts, 'notAfterMs'>;
  },
  agentDays: number,
  now: number,
): boolean {
  const { root, issuing } = authorities;
  const neededMs = Math.max(agentDays * DAY_MS, OWN_LIFE_MS) + MARGIN_MS;
  return issuing.notAfterMs - now < neededMs && root.notAfterMs - issuing.notAfterMs > DAY_MS;
}

/**
 * A new certificate for the same key and name, by the same root. Whoever pinned the key, or holds the certificate from
 * before, need not learn anything, however long they were away.
 */
export async function certifyIssuingAnew(
  doors: { readonly clock: Clock; readonly random: Random },
  root: Pair,
  issuing: Pair,
): Promise<Pair> {
  const { commonName = 'Linux Patch Issuing CA' } = parseCertificate(issuing.certificatePem);
  return certifyIssuing(doors, root, { commonName, privateKeyPem: issuing.privateKeyPem });
}

/** The same, where there is no certificate from before. */
export async function certifyIssuing(
  doors: { readonly clock: Clock; readonly random: Random },
  root: Pair,
  { commonName, privateKeyPem }: { readonly commonName: string; readonly privateKeyPem: string },
): Promise<Pair> {
  const certificatePem = await issueCertificate({
    profile: issuingProfile(commonName),
    subjectSpki: publicKeySpki(privateKeyPem),
    issuer: root,
    serial: serialFrom(doors.random.bytes(16)),
    now: doors.clock.now(),
  });
  return { certificatePem, privateKeyPem };
}

/** When the replacement of a root has to begin: from then on certificates are cut short by its end. */
export function rotationDueMs(root: Pick<CertificateFacts, 'notAfterMs'>, agentDays: number): number {
  return root.notAfterMs - Math.max(ANNOUNCED_MS, agentDays * DAY_MS);
}
