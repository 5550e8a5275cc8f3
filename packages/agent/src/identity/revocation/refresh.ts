import { ENROLL_PATHS } from '@linux-patch/contract';
import { type CertificateFacts, coversCertificate, parseCrl } from '@linux-patch/pki';
import type { Logger } from '@linux-patch/runtime';
import { verifiedBy } from '../../manager-link/connection.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import { openManagerLink, PEM } from '../../manager-link/link.ts';
import type { ProxyChoice } from '../../manager-link/proxy.ts';
import type { Identity } from '../identity.ts';
import { readMaterial } from '../store/material.ts';
import type { IdentityPlace } from '../store/read.ts';
import { takeList } from './in-force.ts';
import { findOwn, type TakenList } from './list.ts';

/**
 * Half of its life is over, it says nothing about this host's own certificate, or there is none. A list that cannot be
 * read is replaced as well.
 */
function isDue(crlPem: string | undefined, own: CertificateFacts | undefined, now: number): boolean {
  if (crlPem === undefined) return true;
  try {
    const { thisUpdateMs, nextUpdateMs, scope } = parseCrl(crlPem);
    if (own && !coversCertificate(scope, own)) return true;
    return nextUpdateMs !== undefined && now >= (thisUpdateMs + nextUpdateMs) / 2;
  } catch {
    return true;
  }
}

/** Where revocation lists come from, and where they are kept. */
export interface ListSource {
  /**
   * The manager's list for this host, when half of the life of the one on disk is over or that one is not about this host.
   *
   * @returns its text, not looked at yet; undefined when it is not time
   * @throws ManagerFailure when the manager gave none
   */
  fetchDue(managerUrl: string, signal: AbortSignal): Promise<string | undefined>;
  /** `takeList` with the files of this host. */
  take(identity: Identity, pem: string): Promise<TakenList & { readonly identity: Identity }>;
}

export function createListSource(options: {
  readonly place: Pick<IdentityPlace, 'files' | 'paths' | 'clock'>;
  readonly logger: Logger;
  readonly proxyFor?: ProxyChoice;
}): ListSource {
  const { place, logger, proxyFor } = options;
  return {
    async fetchDue(managerUrl, signal) {
      const { caPem, certificatePem, crlPem } = await readMaterial(place.files, place.paths);
      const own = findOwn({ certificatePem });
      if (!isDue(crlPem, own, place.clock.now())) return undefined;
      const way = { managerUrl: new URL(managerUrl), proxyFor, signal };
      const link = openManagerLink(way, verifiedBy(caPem));
      // Managers from before lists were made for each certificate do not look at it.
      const path = own ? `${ENROLL_PATHS.crl}?serial=${own.serialHex}` : ENROLL_PATHS.crl;
      const answer = await link.get(path, { headers: PEM });
      if (answer.status === 200) return answer.text;
      throw new ManagerFailure(
        'transient',
        `${link.at(path).href} gives no revocation list (HTTP ${answer.status}).`,
      );
    },
    take: (identity, pem) => takeList({ ...place, logger }, identity, pem),
  };
}
