import { ENROLL_PATHS, TrustBundle } from '@linux-patch/contract';
import { parseCertificates } from '@linux-patch/pki';
import { jsonOf } from '../../manager-link/answer-body.ts';
import { REQUEST_TIMEOUT_MS } from '../../manager-link/calls.ts';
import { askManager } from '../../manager-link/client.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import type { ProxyChoice } from '../../manager-link/proxy.ts';

/**
 * Asks the manager which CAs to trust, verified with those that are trusted now. A host that slept through a rotation
 * learns of it here.
 *
 * @returns undefined from a manager that does not say.
 * @throws ManagerFailure when it cannot be asked, or is not the one this host trusts.
 */
export async function pullTrust(options: {
  readonly caPem: string;
  readonly managerUrl: URL;
  readonly proxyFor?: ProxyChoice;
  readonly signal: AbortSignal;
}): Promise<TrustBundle | undefined> {
  const url = new URL(ENROLL_PATHS.trust, options.managerUrl);
  const answer = await askManager({
    url,
    shownUrl: url.href,
    method: 'GET',
    peer: { kind: 'verified', ca: parseCertificates(options.caPem).map((one) => one.pem) },
    proxyFor: options.proxyFor,
    timeoutMs: REQUEST_TIMEOUT_MS,
    signal: options.signal,
  });
  if (answer.status === 404 || answer.status === 405) return undefined;
  if (answer.status !== 200) {
    throw new ManagerFailure('transient', `${url.href} does not say whom to trust (HTTP ${answer.status}).`);
  }
  const bundle = TrustBundle.safeParse(jsonOf(answer, url.href));
  if (bundle.success) return bundle.data;
  throw new ManagerFailure('protocol', `${url.href} sends JSON that does not say whom to trust.`);
}
