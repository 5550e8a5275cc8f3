import { type Bundle, type IdentityTrust, PatchError } from '@linux-patch/contract';
import { hostOf } from '@linux-patch/http/client';
import { type CertificateFacts, matchesFingerprint, parseCertificates } from '@linux-patch/pki';
import { acceptBundle } from '../../identity/bundle-check.ts';
import { requireVouched } from '../../identity/issuers/trust-change.ts';
import { installedSerials } from '../../identity/store/generations.ts';
import type { Material } from '../../identity/store/material.ts';
import type { IdentityPlace } from '../../identity/store/read.ts';
import { checkPinnedPeers } from '../older/pinned-peers.ts';
import type { PendingEnrollment } from '../state/pending.ts';
import { refuseOtherCa } from '../trust/known-ca.ts';
import { type AskedRequest, approvalMacBy } from '../trust/manager-macs.ts';
import { acceptsForeignKey, type Trust } from '../trust/trust.ts';

/** A bundle that passed every check, and what vouches for it. */
export interface ProvenBundle {
  readonly bundle: Bundle;
  readonly material: Material;
  readonly trust: IdentityTrust;
  readonly serialHex: string;
  /** The address of this host in the request. */
  readonly reportedAddress: string;
  /** The CA that vouches for the connection. */
  readonly issuer: string | undefined;
  /** CAs that may vouch for the manager's job key; at a join by string, those that it names. */
  readonly jobKeyRoots: readonly CertificateFacts[];
}

/** What an approval is said to be an answer to. */
export interface Claim {
  readonly request: AskedRequest;
  readonly keyPem: string;
  readonly trust: Trust;
  readonly peers: readonly Uint8Array[];
  /** The CA that the join string pins. */
  readonly pin?: string | undefined;
}

/** What is known on this host that a bundle is held against. */
export interface ProofOptions {
  readonly place: IdentityPlace;
  readonly managerUrl: URL;
  /** `enrollment.ca_fingerprint` */
  readonly caFingerprint: string | undefined;
}

function untrusted(message: string): PatchError {
  return new PatchError('MANAGER_UNTRUSTED', message);
}

/** What vouches for the manager behind this answer. */
async function proveManager(
  bundle: Bundle,
  claim: Claim,
  proof: { readonly now: number; readonly host: string },
): Promise<IdentityTrust> {
  const by = await approvalMacBy(bundle, claim.request);
  if (by === 'wrong') {
    throw untrusted(
      `An approval came whose proof by the ${bundle.ext?.tag_by === 'token' ? 'join token' : 'host code'} is wrong. It was changed on the way or comes from somebody else; ` +
        'nothing was installed. Compare the key id on both sides and approve again with the code of this host.',
    );
  }
  const { trust } = claim;
  switch (trust.kind) {
    case 'code':
      if (by) return by;
      throw untrusted(
        "An approval came, but the manager could not prove that it is your manager: nobody typed this host's code. " +
          'Nothing was installed. Approve with the code that "linux-patch-api status" shows, or set enrollment.ca_fingerprint.',
      );
    case 'pin_later':
      checkPinnedPeers(bundle, { peers: claim.peers, fingerprint: trust.fingerprint }, proof);
      return 'pin';
    case 'tofu':
      return by ?? 'tofu';
    case 'ca_file':
    case 'pin':
    case 'system':
      return by === 'token' ? by : trust.kind;
  }
}

/**
 * Whether every root of a bundle is a pinned one or was certified by one, directly or through others: the manager has
 * replaced its CA since the pin was written down.
 *
 * @param anchors certificates that fit the pin
 */
function leadsFromPin(bundle: Bundle, anchors: readonly string[], now: number): boolean {
  try {
    requireVouched({
      roots: parseCertificates(bundle.ca_crt),
      chain: parseCertificates(bundle.ca_chain ?? bundle.ca_crt),
      trusted: anchors.flatMap((pem) => parseCertificates(pem)),
      now,
    });
    return true;
  } catch {
    return false;
  }
}

/**
 * Decides whether an approval may be installed: who sent it, and whether it is what this host asked for.
 *
 * @throws PatchError `MANAGER_UNTRUSTED` or `CERT_UNSUITABLE`; nothing has been written then.
 */
export async function proveBundle(
  options: ProofOptions,
  bundle: Bundle,
  claim: Claim,
): Promise<ProvenBundle> {
  const { pending } = claim.request;
  const now = options.place.clock.now();
  const older = pending.generation === 'older';
  if (!older && !bundle.ext) {
    throw untrusted(
      'This manager proved its answers before, and now sends one without proof. Somebody may be in between; nothing was installed.',
    );
  }
  if (older && !acceptsForeignKey(claim.trust)) {
    throw untrusted('A private key made by an unproven manager is not accepted.');
  }
  const host = hostOf(options.managerUrl);
  const trust = await proveManager(bundle, claim, { now, host });
  const pinned =
    claim.trust.kind === 'pin_later' ||
    (claim.trust.kind === 'pin' && !leadsFromPin(bundle, claim.trust.anchors, now));
  const material = await acceptBundle(bundle, {
    ownKeyPem: older ? undefined : claim.keyPem,
    fqdn: pending.fqdn,
    ipAddress: pending.ip_address,
    now,
    fingerprint: claim.pin ?? (pinned ? options.caFingerprint : undefined),
    managerClient: bundle.ext?.manager_client,
    // A certificate for our own new key cannot be an old one; with a key from the manager only this tells.
    freshness: older ? await freshnessOf(options, pending) : undefined,
  });
  if (trust === 'tofu') await refuseOtherCa(options, material);
  const [leaf] = parseCertificates(material.certificatePem);
  const reportedAddress = pending.ip_address;
  const { pin } = claim;
  const roots = parseCertificates(material.caPem);
  return {
    bundle,
    material,
    trust,
    reportedAddress,
    issuer: claim.trust.issuer,
    jobKeyRoots: pin === undefined ? roots : roots.filter((one) => matchesFingerprint(one.pem, pin)),
    serialHex: leaf?.serialHex ?? '',
  };
}

/** What tells an old answer from a new one; a clock that went back since the request is no witness. */
async function freshnessOf({ place }: ProofOptions, pending: PendingEnrollment) {
  const requestedAtMs = Date.parse(pending.created_at);
  const installed = await installedSerials(place.files, place.paths);
  return {
    // An install that a crash cut off left its set, complete but not in use; the same answer comes again then.
    knownSerials: installed.filter((serial) => serial !== pending.installing_serial),
    requestedAtMs: pending.adopted || requestedAtMs > place.clock.now() ? undefined : requestedAtMs,
  };
}
