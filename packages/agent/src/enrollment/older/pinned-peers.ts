import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type Bundle, messageOf, PatchError } from '@linux-patch/contract';
import {
  buildChain,
  managerFault,
  matchesFingerprint,
  parseCertificateDer,
  parseCertificates,
} from '@linux-patch/pki';
import type { PeerTrust } from '../../manager-link/connection.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';

/** An older manager that does not publish its CA: what it sends is compared with the pin before it is used. */
export interface PinLater {
  readonly kind: 'pin_later';
  readonly peer: PeerTrust;
  readonly fingerprint: string;
  readonly issuer?: undefined;
}

/**
 * A manager of the older generation publishes no CA; one that makes join strings does.
 *
 * @param joinSource file with the join string
 * @throws ManagerFailure when it cannot be the one that was named
 */
export function trustLater(
  managerUrl: URL,
  fingerprint: string | undefined,
  joinSource: string | undefined,
): PinLater {
  if (joinSource === undefined && fingerprint !== undefined)
    return { kind: 'pin_later', peer: { kind: 'unverified' }, fingerprint };
  throw new ManagerFailure(
    'security',
    `${managerUrl.href} does not publish the CA that the join string in ${joinSource ?? 'use'} names, as every manager that makes join strings does. ` +
      'Either the URL is wrong, or this is not your manager. Nothing was sent.',
  );
}

function untrusted(message: string): PatchError {
  return new PatchError('MANAGER_UNTRUSTED', message);
}

/**
 * Holds the TLS peers of this enrolment against the pinned CA, and only that: a CA that came in the same answer proves
 * nothing. When they all were the manager, so was the one that sent the answer.
 *
 * @throws PatchError `MANAGER_UNTRUSTED`
 */
export function checkPinnedPeers(
  bundle: Bundle,
  claim: { readonly peers: readonly Uint8Array[]; readonly fingerprint: string },
  proof: { readonly now: number; readonly host: string },
): void {
  const roots = parseCertificates(bundle.ca_crt).filter((one) =>
    matchesFingerprint(one.pem, claim.fingerprint),
  );
  const intermediates = bundle.ca_chain ? parseCertificates(bundle.ca_chain) : [];
  if (claim.peers.length === 0)
    throw untrusted('No TLS connection was seen that could be held against the pinned CA.');
  for (const peer of claim.peers) {
    const reason = peerFault(peer, proof.host) ?? chainFault(peer, { roots, intermediates, now: proof.now });
    if (reason === undefined) continue;
    throw untrusted(
      `The connection was not with the owner of the CA that enrollment.ca_fingerprint names: ${reason}. Somebody is in ` +
        'between, and a private key that came this way is known to them; nothing was installed. Deny the request on the manager.',
    );
  }
}

function peerFault(der: Uint8Array, host: string): string | undefined {
  const certificate = new X509Certificate(der);
  const named = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  if (named === undefined) return `its certificate is not for ${host}`;
  const facts = parseCertificateDer(der);
  const usage = facts.extendedKeyUsage;
  if (usage.length > 0 && !usage.includes('serverAuth')) return 'its certificate is not for servers';
  return managerFault(facts);
}

function chainFault(
  peer: Uint8Array,
  parts: { readonly now: number } & Pick<Parameters<typeof buildChain>[0], 'roots' | 'intermediates'>,
): string | undefined {
  try {
    buildChain({ leaf: parseCertificateDer(peer), ...parts });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
