import { X509Certificate } from 'node:crypto';
import { PatchError } from '@linux-patch/contract';
import type { CertificateFacts } from './certificates.ts';
import { certificateFingerprint, spkiFingerprintOf } from './fingerprints.ts';

/** How far the clocks of two hosts may differ: before a certificate counts as not yet valid, and before one of them is wrong. */
export const CLOCK_SKEW_MS = 5 * 60_000;

/** More CA certificates than any real chain has. How many there are to choose from is bounded by the size of their file. */
const DEPTH_LIMIT = 6;

/** What a chain is built from. Trust begins at `roots`, which may hold intermediates as anchors. */
export interface ChainParts {
  readonly leaf: CertificateFacts;
  readonly intermediates: readonly CertificateFacts[];
  readonly roots: readonly CertificateFacts[];
}

/** A chain from leaf to trust anchor, or the reason (a clause) why there is none. */
type ChainSearch =
  | { readonly chain: readonly CertificateFacts[] }
  | { readonly chain: undefined; readonly reason: string };

/**
 * The chain from `leaf` (first) to a trust anchor (last; its root where known), with every signature, CA flag, path
 * length and date checked at `now` (epoch ms, five minutes of grace for a slow clock). Throws CERT_UNTRUSTED with the
 * reason: the issuer that is missing, the signature that fails, the certificate that is out of date.
 */
export function buildChain(parts: ChainParts & { readonly now: number }): CertificateFacts[] {
  const { leaf, now } = parts;
  const fault = dateFault(leaf, now);
  const search: ChainSearch = fault
    ? { chain: undefined, reason: `"${leaf.subject}" ${fault}` }
    : findChain(parts, (issuer) => dateFault(issuer, now));
  if (search.chain) return [...search.chain];
  throw new PatchError(
    'CERT_UNTRUSTED',
    `The certificate "${leaf.subject}" (serial ${leaf.serialHex}) is not trusted: ${search.reason}.`,
    { details: { reason: search.reason } },
  );
}

/** Whether `issuer` is named as the issuer of `certificate` and its key made the signature; dates do not matter. */
export function isIssuedBy(certificate: CertificateFacts, issuer: CertificateFacts): boolean {
  if (certificate.issuer !== issuer.subject || !issuer.isCa) return false;
  return new X509Certificate(certificate.der).verify(new X509Certificate(issuer.der).publicKey);
}

/** Why a certificate is out of date at `now`, as a clause; undefined when it is not. */
export function dateFault(certificate: CertificateFacts, now: number): string | undefined {
  const { notBeforeMs, notAfterMs } = certificate;
  if (now > notAfterMs) return `expired on ${new Date(notAfterMs).toISOString()}`;
  if (now < notBeforeMs - CLOCK_SKEW_MS) return `is not valid before ${new Date(notBeforeMs).toISOString()}`;
  return undefined;
}

/**
 * Searches a chain depth first, issuers with the latest expiry first, each certificate once. `refuse` may rule out
 * issuers with a clause; `leaf` itself is not put to it.
 */
export function findChain(
  parts: ChainParts,
  refuse: (issuer: CertificateFacts) => string | undefined,
): ChainSearch {
  const anchors = new Set(parts.roots.map(identityOf));
  const pool = [...parts.roots, ...parts.intermediates];
  pool.sort((a, b) => b.notAfterMs - a.notAfterMs);
  const visited = new Set([identityOf(parts.leaf)]);
  const reasons: string[] = [];

  const extend = (chain: readonly CertificateFacts[]): readonly CertificateFacts[] | undefined => {
    const last = chain.at(-1) ?? parts.leaf;
    const isAnchor = chain.length > 1 && anchors.has(identityOf(last));
    if (last.selfSigned && chain.length > 1) {
      if (!isAnchor) reasons.push(`it ends at "${last.subject}", which is not among the trusted CAs`);
      return isAnchor ? chain : undefined;
    }
    const candidates = pool.filter(
      (issuer) => issuer.subject === last.issuer && !visited.has(identityOf(issuer)),
    );
    if (candidates.length === 0 && !isAnchor) reasons.push(missingReason(last));
    for (const issuer of candidates) {
      const reason = linkFault(chain, issuer) ?? refuseWithName(issuer, refuse);
      if (reason !== undefined) {
        reasons.push(reason);
        continue;
      }
      visited.add(identityOf(issuer));
      const found = chain.length <= DEPTH_LIMIT ? extend([...chain, issuer]) : undefined;
      if (found) return found;
    }
    return isAnchor ? chain : undefined;
  };

  const chain = extend([parts.leaf]);
  if (chain) return { chain };
  return {
    chain: undefined,
    reason: reasons.length > 0 ? [...new Set(reasons)].join('; ') : 'no chain exists',
  };
}

function refuseWithName(
  issuer: CertificateFacts,
  refuse: (issuer: CertificateFacts) => string | undefined,
): string | undefined {
  const clause = refuse(issuer);
  return clause && `its issuer "${issuer.subject}" (serial ${issuer.serialHex}) ${clause}`;
}

/** Why `issuer` cannot have issued the last certificate of the chain; undefined when it has. */
function linkFault(chain: readonly CertificateFacts[], issuer: CertificateFacts): string | undefined {
  const child = chain.at(-1);
  if (child === undefined) return undefined;
  const name = `"${issuer.subject}" (serial ${issuer.serialHex})`;
  if (!issuer.isCa) return `its issuer ${name} is not a CA that may sign certificates`;
  const certificatesBelow = chain.length - 1;
  if (issuer.pathLength !== undefined && certificatesBelow > issuer.pathLength) {
    return `its issuer ${name} allows only ${issuer.pathLength} CA certificates below itself`;
  }
  if (/md5|sha1/i.test(child.signatureAlgorithm)) {
    return `"${child.subject}" is signed with ${child.signatureAlgorithm}, which can be forged`;
  }
  const issuerCertificate = new X509Certificate(issuer.der);
  const childCertificate = new X509Certificate(child.der);
  if (!childCertificate.verify(issuerCertificate.publicKey)) {
    return `the signature on "${child.subject}" was not made by ${name}, fingerprint ${spkiFingerprintOf(issuer.spki)}`;
  }
  if (!childCertificate.checkIssued(issuerCertificate)) {
    return `"${child.subject}" says that another key of its issuer signed it than that of ${name}`;
  }
  return undefined;
}

function missingReason(last: CertificateFacts): string {
  return last.selfSigned
    ? `"${last.subject}" is self-signed`
    : `the certificate of its issuer "${last.issuer}" is missing`;
}

function identityOf(certificate: CertificateFacts): string {
  return certificateFingerprint(certificate.der);
}
