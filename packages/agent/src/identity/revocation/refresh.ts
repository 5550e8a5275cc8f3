import { ENROLL_PATHS } from '@linux-patch/contract';
import { coversCertificate } from '@linux-patch/pki';
import type { Logger } from '@linux-patch/runtime';
import type { ProxyChoice } from '../../host/proxy.ts';
import { verifiedBy } from '../../manager-link/connection.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import { openManagerLink, PEM } from '../../manager-link/link.ts';
import type { Identity } from '../identity.ts';
import { type IdentityPlace, readIdentity } from '../store/read.ts';
import { takeList } from './in-force.ts';
import type { TakenList } from './list.ts';

/** Half of its life is over, it says nothing about this host's own certificate, or none that can be used was read. */
function isDue({ leaf, list }: Identity, now: number): boolean {
  if (!list.reading.list) return true;
  const { thisUpdateMs, nextUpdateMs, scope } = list.reading.list;
  if (leaf && !coversCertificate(scope, leaf)) return true;
  return nextUpdateMs !== undefined && now >= (thisUpdateMs + nextUpdateMs) / 2;
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
  readonly place: IdentityPlace;
  readonly logger: Logger;
  readonly proxyFor?: ProxyChoice;
}): ListSource {
  const { place, logger, proxyFor } = options;
  const { files, paths } = place;
  return {
    async fetchDue(managerUrl, signal) {
      const identity = await readIdentity(place);
      if (!isDue(identity, place.clock.now())) return undefined;
      const { leaf, material } = identity;
      const way = { managerUrl: new URL(managerUrl), proxyFor, signal };
      const link = openManagerLink(way, verifiedBy(material.caPem));
      // Managers from before lists were made for each certificate do not look at it.
      const path = leaf ? `${ENROLL_PATHS.crl}?serial=${leaf.serialHex}` : ENROLL_PATHS.crl;
      const answer = await link.get(path, { headers: PEM });
      if (answer.status === 200) return answer.text;
      throw new ManagerFailure(
        'transient',
        `${link.at(path).href} gives no revocation list (HTTP ${answer.status}).`,
      );
    },
    take: (identity, pem) => takeList({ files, paths, logger }, identity, pem),
  };
}
