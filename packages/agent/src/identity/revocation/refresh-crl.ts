import { ENROLL_PATHS } from '@linux-patch/contract';
import { type CertificateFacts, coversCertificate, parseCertificates, parseCrl } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { REQUEST_TIMEOUT_MS } from '../../manager-link/calls.ts';
import { askManager } from '../../manager-link/client.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import type { ProxyChoice } from '../../manager-link/proxy.ts';
import { readMaterial } from '../store/material.ts';
import type { CertificatePaths } from '../store/paths.ts';
import { findOwn, type ListStore } from './list.ts';

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

/**
 * Fetches the manager's revocation list for this host when half of the present one's life is over, or when that one
 * is not about this host.
 *
 * @returns whether a new list was stored.
 * @throws ManagerFailure when the manager gave none; PatchError `CRL_REFUSED` for one that must not be used.
 */
export async function refreshCrl(options: {
  readonly files: Files;
  readonly paths: CertificatePaths;
  readonly lists: ListStore;
  readonly managerUrl: URL;
  readonly proxyFor?: ProxyChoice;
  readonly now: number;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { files, paths } = options;
  const current = await readMaterial(files, paths);
  const own = findOwn(current);
  if (!isDue(current.crlPem, own, options.now)) return false;
  const url = new URL(ENROLL_PATHS.crl, options.managerUrl);
  // Managers from before lists were made for each certificate do not look at it.
  if (own) url.searchParams.set('serial', own.serialHex);
  const answer = await askManager({
    url,
    shownUrl: url.href,
    method: 'GET',
    headers: { accept: 'application/x-pem-file, */*' },
    peer: { kind: 'verified', ca: parseCertificates(current.caPem).map((one) => one.pem) },
    proxyFor: options.proxyFor,
    timeoutMs: REQUEST_TIMEOUT_MS,
    signal: options.signal,
  });
  if (answer.status !== 200) {
    throw new ManagerFailure('transient', `${url.href} gives no revocation list (HTTP ${answer.status}).`);
  }
  return (await options.lists.take(answer.text)).changed;
}
