import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { ENROLL_PATHS } from '@linux-patch/contract';
import { buildChain, parseCertificateDer, parseCertificates } from '@linux-patch/pki';
import { ManagerFailure } from '../manager-link/failure.ts';
import { findHttpDateMs } from '../manager-link/http-date.ts';
import { type ManagerWay, openManagerLink } from '../manager-link/link.ts';

/**
 * What time it is for the manager. Whether this is the manager cannot be asked of this host's clock, which may be the
 * wrong one: its certificates have to lead to the anchors at the time that it claims itself. Whoever has an old key of
 * a manager could lie about the time with it; all that this makes an agent do is wait and keep what it has.
 *
 * @param anchors PEM certificates, trust anchors among them
 * @returns undefined when somebody else answers, or nobody proves anything
 * @throws ManagerFailure when nobody answers
 */
export async function findManagerTimeMs(
  way: ManagerWay,
  anchors: readonly string[],
): Promise<number | undefined> {
  const { managerUrl } = way;
  if (managerUrl.protocol !== 'https:') return undefined;
  const link = openManagerLink(way, { kind: 'unverified' });
  const answer = await link.get(ENROLL_PATHS.ca).catch((error: unknown) => {
    // Whatever answers so is no manager, or one that says nothing about the time.
    if (error instanceof ManagerFailure && error.kind === 'protocol') return undefined;
    throw error;
  });
  const dateMs = findHttpDateMs(answer?.headers.date ?? '');
  if (answer === undefined || dateMs === undefined) return undefined;
  return isManagerAt(answer.peerChain, { dateMs, host: managerUrl.hostname, anchors }) ? dateMs : undefined;
}

function isManagerAt(
  peerChain: readonly Uint8Array[],
  claim: { readonly dateMs: number; readonly host: string; readonly anchors: readonly string[] },
): boolean {
  const [der, ...others] = peerChain;
  if (der === undefined) return false;
  const host = claim.host.replace(/^\[(.*)\]$/, '$1');
  try {
    const certificate = new X509Certificate(der);
    const named = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
    if (named === undefined) return false;
    buildChain({
      leaf: parseCertificateDer(der),
      intermediates: others.map((one) => parseCertificateDer(one)),
      roots: claim.anchors.flatMap((pem) => parseCertificates(pem)),
      now: claim.dateMs,
    });
    return true;
  } catch {
    return false;
  }
}
