import { messageOf, PatchError, type TrustBundle, type TrustState } from '@linux-patch/contract';
import {
  buildChain,
  type CertificateFacts,
  coversCertificate,
  isIssuedBy,
  parseCertificates,
  parseReceivedCertificates,
  spkiFingerprint,
} from '@linux-patch/pki';
import { findAuthentic, findOwn, isOlder } from '../revocation/list.ts';
import type { IdentityMeta } from '../store/identity-meta.ts';
import type { Material } from '../store/material.ts';

/** More roots than any rotation has. */
const ROOT_LIMIT = 8;
/** Characters of a reason that the manager is told. */
const LONGEST_REASON = 1_000;

/** What an offered set of CAs means for this host. */
export type TrustPlan =
  | { readonly kind: 'unchanged' }
  /** Its own certificate hangs below a root that is to go; the renewal brings the new set along. */
  | { readonly kind: 'after_renewal' }
  | {
      readonly kind: 'change';
      readonly material: Material;
      readonly meta: IdentityMeta;
      readonly added: readonly string[];
      readonly removed: readonly string[];
    };

function refuse(reason: string): never {
  throw new PatchError(
    'TRUST_REFUSED',
    `The offered CAs are not taken: ${reason}. What this host trusts is unchanged.`,
  );
}

function parse(what: string, pem: string): CertificateFacts[] {
  try {
    return parseReceivedCertificates(pem);
  } catch (error) {
    return refuse(`${what} cannot be read (${messageOf(error)})`);
  }
}

function sameKey(one: CertificateFacts, other: CertificateFacts): boolean {
  return one.spkiSha256 === other.spkiSha256;
}

/**
 * Holds offered roots against those that are trusted. A root counts when this host has it already, or when a certificate
 * for its very key and name, in `chain`, was made by a root that it has (RFC 7030 §4.1.3 calls it NewWithOld); who says
 * so does not matter.
 *
 * @throws PatchError `TRUST_REFUSED`
 */
export function requireVouched(offered: {
  readonly roots: readonly CertificateFacts[];
  readonly chain: readonly CertificateFacts[];
  readonly trusted: readonly CertificateFacts[];
  readonly now: number;
}): void {
  const { roots, chain, trusted, now } = offered;
  for (const root of roots) {
    if (trusted.some((one) => sameKey(one, root) && one.subject === root.subject)) continue;
    const vouchers = chain.filter((one) => one.isCa && sameKey(one, root) && one.subject === root.subject);
    const proven = vouchers.some((voucher) => {
      try {
        buildChain({ leaf: voucher, intermediates: chain, roots: trusted, now });
        return true;
      } catch {
        return false;
      }
    });
    if (!proven) {
      const fingerprint = spkiFingerprint(root.pem);
      refuse(`"${root.subject}" (${fingerprint}) is new, and no CA of this host vouches for it`);
    }
  }
}

function requireRoots(roots: readonly CertificateFacts[], now: number): void {
  if (roots.length > ROOT_LIMIT) refuse(`there are more than ${ROOT_LIMIT} roots`);
  for (const root of roots) {
    if (!root.isCa || !root.selfSigned) refuse(`"${root.subject}" is no root CA`);
    if (now > root.notAfterMs) refuse(`"${root.subject}" has expired`);
  }
}

/** Each issuer that may have issued the manager's certificate must itself be below an offered root. */
function requireIssuers(
  client: TrustBundle['manager_client'],
  below: { readonly roots: readonly CertificateFacts[]; readonly chain: readonly CertificateFacts[] },
  now: number,
): void {
  const { roots, chain } = below;
  for (const key of [client.issuer_spki, ...(client.issuer_spkis ?? [])]) {
    const found = [...chain, ...roots].filter((one) => one.isCa && one.spkiSha256 === key);
    const proven = found.some((one) => isBelow(one, { roots, chain }, now));
    if (!proven) refuse(`the manager's issuer ${key} is not below one of the offered roots`);
  }
}

function isBelow(
  leaf: CertificateFacts,
  below: { readonly roots: readonly CertificateFacts[]; readonly chain: readonly CertificateFacts[] },
  now: number,
): boolean {
  if (below.roots.some((root) => sameKey(root, leaf))) return true;
  try {
    buildChain({ leaf, intermediates: below.chain, roots: below.roots, now });
    return true;
  } catch {
    return false;
  }
}

/** The CA that issued this host's certificate, where it is known. */
export function ownIssuer(
  material: Pick<Material, 'caPem' | 'certificatePem'>,
  chain: readonly CertificateFacts[] = [],
): CertificateFacts | undefined {
  const [leaf, ...behind] = parseCertificates(material.certificatePem);
  const known = [...behind, ...chain, ...parseCertificates(material.caPem)];
  return leaf && known.find((one) => isIssuedBy(leaf, one));
}

function text(certificates: readonly CertificateFacts[]): string {
  return [...new Set(certificates.map((one) => `${one.pem.trimEnd()}\n`))].join('');
}

/**
 * The revocation list to go on with. The one at hand may be by a CA that goes, and must not just fall away then.
 * @throws PatchError `TRUST_REFUSED` for an offered list that is not by one of the offered CAs
 */
function listFor(
  offered: string | undefined,
  before: Material,
  trust: Pick<Material, 'caPem' | 'certificatePem'>,
): string | undefined {
  if (offered === undefined) return before.crlPem;
  const list = findAuthentic(offered, trust);
  if (!list) return refuse('the revocation list is not by one of the offered CAs');
  const atHand = findAuthentic(before.crlPem, before);
  if (!atHand || !findAuthentic(before.crlPem, trust)) return offered;
  // The offered one is for every host; the one at hand may be for this one.
  const own = findOwn(trust);
  const saysLess = own && coversCertificate(atHand.scope, own) && !coversCertificate(list.scope, own);
  return isOlder(list, atHand) || saysLess ? before.crlPem : offered;
}

/** The leaf with every CA between it, or another certificate of its manager, and a root. */
function withChain(
  leaf: CertificateFacts,
  issuer: CertificateFacts | undefined,
  chain: readonly CertificateFacts[],
): string {
  const others = chain.filter((one) => one.isCa && !one.selfSigned);
  return text([leaf, ...(issuer && !issuer.selfSigned ? [issuer] : []), ...others]);
}

/**
 * Decides what an offered set of CAs does to this host; nothing is written.
 *
 * @throws PatchError `TRUST_REFUSED` for CAs that nothing vouches for, and for a set that contradicts itself.
 */
export function planTrustChange(offer: {
  readonly bundle: TrustBundle;
  readonly material: Material;
  readonly meta: IdentityMeta;
  readonly now: number;
}): TrustPlan {
  const { bundle, material, meta, now } = offer;
  const roots = parse('ca_crt', bundle.ca_crt);
  const chain = parse('ca_chain', bundle.ca_chain);
  const trusted = parseCertificates(material.caPem);
  requireRoots(roots, now);
  requireVouched({ roots, chain, trusted, now });
  requireIssuers(bundle.manager_client, { roots, chain }, now);
  const [leaf, ...behind] = parseCertificates(material.certificatePem);
  if (!leaf) return refuse('this host has no certificate of its own');
  const issuer = ownIssuer(material, chain);
  if (!isBelow(leaf, { roots, chain: [...behind, ...chain] }, now)) return { kind: 'after_renewal' };
  const trust = { caPem: text(roots), certificatePem: withChain(leaf, issuer, chain) };
  const changed = { ...material, ...trust, crlPem: listFor(bundle.crl_pem, material, trust) };
  const sameClient = JSON.stringify(meta.manager_client) === JSON.stringify(bundle.manager_client);
  const same = changed.caPem === text(trusted) && changed.certificatePem === text([leaf, ...behind]);
  if (same && sameClient) return { kind: 'unchanged' };
  const fingerprints = (list: readonly CertificateFacts[]) => list.map((one) => spkiFingerprint(one.pem));
  const [before, after] = [fingerprints(trusted), fingerprints(roots)];
  return {
    kind: 'change',
    material: changed,
    meta: { ...meta, manager_client: bundle.manager_client },
    added: after.filter((one) => !before.includes(one)),
    removed: before.filter((one) => !after.includes(one)),
  };
}

/** What this host trusts and serves with, as the manager wants to know it. */
export function trustStateOf(
  { material, meta }: { readonly material: Material; readonly meta: IdentityMeta },
  renewal: { readonly renewing: boolean; readonly lastError: string | undefined },
): TrustState {
  const [leaf] = parseCertificates(material.certificatePem);
  const { issuer_spki, issuer_spkis = [] } = meta.manager_client ?? { issuer_spki: '' };
  return {
    roots: parseCertificates(material.caPem).map((one) => spkiFingerprint(one.pem)),
    accepted_issuers: [issuer_spki, ...issuer_spkis].filter((key) => key !== ''),
    certificate_serial: leaf?.serialHex ?? '',
    certificate_issuer: ownIssuer(material)?.spkiSha256 ?? null,
    renewing: renewal.renewing,
    ...(renewal.renewing && renewal.lastError !== undefined
      ? { renewal_error: renewal.lastError.slice(0, LONGEST_REASON) }
      : {}),
  };
}
