import { ENROLL_PATHS, TrustBundle } from '@linux-patch/contract';
import { jsonOf } from '../../manager-link/answer-body.ts';
import { verifiedBy } from '../../manager-link/connection.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import { type ManagerWay, openManagerLink } from '../../manager-link/link.ts';

/**
 * Asks the manager which CAs to trust, verified with those that are trusted now. A host that slept through a rotation
 * learns of it here.
 *
 * @returns undefined from a manager that does not say.
 * @throws ManagerFailure when it cannot be asked, or is not the one this host trusts.
 */
export async function pullTrust(way: ManagerWay, caPem: string): Promise<TrustBundle | undefined> {
  const link = openManagerLink(way, verifiedBy(caPem));
  const url = link.at(ENROLL_PATHS.trust);
  const answer = await link.get(ENROLL_PATHS.trust);
  if (answer.status === 404 || answer.status === 405) return undefined;
  if (answer.status !== 200) {
    throw new ManagerFailure('transient', `${url.href} does not say whom to trust (HTTP ${answer.status}).`);
  }
  const bundle = TrustBundle.safeParse(jsonOf(answer, url.href));
  if (bundle.success) return bundle.data;
  throw new ManagerFailure('protocol', `${url.href} sends JSON that does not say whom to trust.`);
}
