import { ENROLL_PATHS, PatchError } from '@linux-patch/contract';
import { parseCertificates, parseCrl, verifyCrl } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { type Material, readMaterial, resolvePaths } from '../certificates/material.ts';
import type { CertificatePaths } from '../certificates/paths.ts';
import { REQUEST_TIMEOUT_MS } from './manager-calls.ts';
import { askManager } from './manager-client.ts';
import { ManagerFailure } from './manager-failure.ts';
import type { ProxyChoice } from './proxy.ts';

const CRL_MODE = 0o644;

/** Half of its life is over, or there is none. A list that cannot be read is replaced as well. */
function isDue(crlPem: string | undefined, now: number): boolean {
  if (crlPem === undefined) return true;
  try {
    const { thisUpdateMs, nextUpdateMs } = parseCrl(crlPem);
    return nextUpdateMs !== undefined && now >= (thisUpdateMs + nextUpdateMs) / 2;
  } catch {
    return true;
  }
}

/** When the list at hand was made; undefined when there is none, or none that can be read. */
function issuedAt(crlPem: string | undefined): number | undefined {
  try {
    return crlPem === undefined ? undefined : parseCrl(crlPem).thisUpdateMs;
  } catch {
    return undefined;
  }
}

/**
 * Whether a fetched list may replace the one at hand: signed by a CA of this host, and not older.
 * @throws PatchError `MANAGER_UNTRUSTED`
 */
function requireBetter(fetched: string, current: Material): void {
  const authorities = parseCertificates(`${current.caPem.trimEnd()}\n${current.certificatePem}`).filter(
    (one) => one.isCa,
  );
  if (!authorities.some((one) => verifyCrl(fetched, one.pem))) {
    throw new PatchError(
      'MANAGER_UNTRUSTED',
      'The fetched revocation list is not signed by a CA of this host; it is not used.',
    );
  }
  if (parseCrl(fetched).thisUpdateMs < (issuedAt(current.crlPem) ?? 0)) {
    throw new PatchError(
      'MANAGER_UNTRUSTED',
      'The fetched revocation list is older than the one at hand; it is not used.',
    );
  }
}

/**
 * Fetches the manager's revocation list when half of the present one's life is over.
 *
 * @returns whether a new list was stored.
 * @throws ManagerFailure when the manager gave none; PatchError `MANAGER_UNTRUSTED` for one that must not be used.
 */
export async function refreshCrl(options: {
  readonly files: Files;
  readonly paths: CertificatePaths;
  readonly managerUrl: URL;
  readonly proxyFor?: ProxyChoice;
  readonly now: number;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { files, paths } = options;
  const current = await readMaterial(files, paths);
  if (!isDue(current.crlPem, options.now)) return false;
  const url = new URL(ENROLL_PATHS.crl, options.managerUrl);
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
  requireBetter(answer.text, current);
  const { crl } = await resolvePaths(files, paths);
  await files.writeDurably({ path: crl, data: answer.text, mode: CRL_MODE });
  return true;
}
