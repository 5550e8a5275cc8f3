import { type Bundle, type IdentityTrust, PatchError } from '@linux-patch/contract';
import {
  buildChain,
  equalTags,
  managerApprovedTag,
  parseCertificateDer,
  parseCertificates,
  stretchHostCode,
  transcriptHash,
} from '@linux-patch/pki';
import type { IdentityMeta } from '../certificates/identity-meta.ts';
import type { Material } from '../certificates/material.ts';
import { installGeneration } from '../certificates/store.ts';
import { checkBundle } from './bundle-check.ts';
import { checkHandshake } from './loopback-handshake.ts';
import { type PendingEnrollment, transcriptOf } from './pending.ts';
import type { EnrollContext } from './settings.ts';
import { acceptsForeignKey, type Trust } from './trust.ts';

/** A bundle that passed every check, and what vouches for it. */
export interface ProvenBundle {
  readonly bundle: Bundle;
  readonly material: Material;
  readonly trust: IdentityTrust;
  readonly serialHex: string;
}

interface Claim {
  readonly pending: PendingEnrollment;
  readonly keyPem: string;
  readonly trust: Trust;
  readonly peers: readonly Uint8Array[];
}

function untrusted(message: string): PatchError {
  return new PatchError('MANAGER_UNTRUSTED', message);
}

/** Whether the manager's MAC over everything it sent is right; undefined when it sent none. */
async function tagIsRight(bundle: Bundle, pending: PendingEnrollment): Promise<boolean | undefined> {
  const { ext } = bundle;
  if (!ext?.tag_m || pending.nonce_m === null) return undefined;
  const key = await stretchHostCode(pending.host_code, pending.nonce_a);
  const expected = managerApprovedTag(key, {
    transcriptHash: transcriptHash(transcriptOf(pending)),
    nonceM: pending.nonce_m,
    serverCrt: bundle.server_crt,
    caCrt: bundle.ca_crt,
    caChain: bundle.ca_chain,
    crlPem: bundle.crl_pem,
    managerClient: ext.manager_client,
  });
  return equalTags(expected, ext.tag_m);
}

/** Holds the certificates that were seen on the way against the CA that turned out to be pinned. */
function checkPeers(bundle: Bundle, peers: readonly Uint8Array[], now: number): void {
  const roots = parseCertificates(bundle.ca_crt);
  const intermediates = bundle.ca_chain ? parseCertificates(bundle.ca_chain) : [];
  if (peers.length === 0)
    throw untrusted('No TLS connection was seen that could be held against the pinned CA.');
  for (const peer of peers) buildChain({ leaf: parseCertificateDer(peer), intermediates, roots, now });
}

/** What vouches for the manager behind this answer. */
async function proveManager(bundle: Bundle, claim: Claim, now: number): Promise<IdentityTrust> {
  const right = await tagIsRight(bundle, claim.pending);
  if (right === false) {
    throw untrusted(
      'An approval came whose proof by the host code is wrong. It was changed on the way or comes from somebody else; ' +
        'nothing was installed. Compare the key id on both sides and approve again with the code of this host.',
    );
  }
  switch (claim.trust.kind) {
    case 'code':
      if (right) return 'code';
      throw untrusted(
        "An approval came, but the manager could not prove that it is your manager: nobody typed this host's code. " +
          'Nothing was installed. Approve with the code that "linux-patch-api status" shows, or set enrollment.ca_fingerprint.',
      );
    case 'pin_later':
      checkPeers(bundle, claim.peers, now);
      return 'pin';
    case 'tofu':
      return right ? 'code' : 'tofu';
    case 'ca_file':
    case 'pin':
    case 'system':
      return claim.trust.kind;
  }
}

/**
 * Decides whether an approval may be installed: who sent it, and whether it is what this host asked for.
 *
 * @throws PatchError `MANAGER_UNTRUSTED` or `CERT_UNSUITABLE`; nothing has been written then.
 */
export async function proveBundle(
  context: EnrollContext,
  bundle: Bundle,
  claim: Claim,
): Promise<ProvenBundle> {
  const { pending } = claim;
  const now = context.clock.now();
  const older = pending.generation === 'older';
  if (!older && !bundle.ext) {
    throw untrusted(
      'This manager proved its answers before, and now sends one without proof. Somebody may be in between; nothing was installed.',
    );
  }
  if (older && !acceptsForeignKey(claim.trust)) {
    throw untrusted('A private key made by an unproven manager is not accepted.');
  }
  const trust = await proveManager(bundle, claim, now);
  const pinned = claim.trust.kind === 'pin' || claim.trust.kind === 'pin_later';
  const material = checkBundle(bundle, {
    ownKeyPem: older ? undefined : claim.keyPem,
    fqdn: pending.fqdn,
    ipAddress: pending.ip_address,
    now,
    fingerprint: pinned ? context.caFingerprint : undefined,
  });
  const [leaf] = parseCertificates(material.certificatePem);
  await checkHandshake(material, pending.fqdn);
  return { bundle, material, trust, serialHex: leaf?.serialHex ?? '' };
}

/** Makes a proven bundle the identity of this host. */
export async function installBundle(
  context: EnrollContext,
  proven: ProvenBundle,
  older: boolean,
): Promise<void> {
  const meta: IdentityMeta = {
    v: 1,
    trust: proven.trust,
    key_origin: older ? 'manager' : 'host',
    manager_url: context.managerUrl.href,
    manager_client: proven.bundle.ext?.manager_client ?? null,
    installed_at: new Date(context.clock.now()).toISOString(),
    renewal_draw: context.random.fraction(),
  };
  await installGeneration({
    files: context.files,
    paths: context.certificates,
    material: proven.material,
    meta,
  });
  context.audit('identity_installed', {
    serial: proven.serialHex,
    trust: meta.trust,
    key_origin: meta.key_origin,
    manager: context.managerUrl.href,
  });
}

/** Lets the manager through the address filter. */
export async function allowManager(context: EnrollContext): Promise<void> {
  const host = context.managerUrl.hostname.replace(/^\[(.*)\]$/, '$1');
  for (const address of await context.network.resolve(host)) await context.allowAddress(address);
}
