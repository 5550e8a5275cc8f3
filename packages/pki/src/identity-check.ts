import { createPublicKey } from 'node:crypto';
import type { CertificateFacts } from './certificates.ts';
import { CLOCK_SKEW_MS, dateFault, findChain } from './chain.ts';
import { certificateFingerprint, spkiFingerprintOf } from './fingerprints.ts';
import { type IdentityFiles, type ParsedIdentity, parseIdentity } from './identity-files.ts';
import type { IdentityFacts, IdentityStatus } from './identity-status.ts';
import { canonicalIpAddress } from './ip-address.ts';
import { isAllowedKey, readPublicKey } from './keys.ts';

/** An agent's identity and what to hold it against. */
export interface IdentityCheck extends IdentityFiles {
  /** The host's clock, epoch milliseconds. */
  readonly now: number;
  /** Less than this many days left means `expiring_soon`. */
  readonly thresholdDays: number;
  /** Names that the certificate must carry, where the caller insists on them. */
  readonly expectedNames?: { readonly fqdn?: string | undefined; readonly ipAddress?: string | undefined };
}

interface Subject extends ParsedIdentity {
  readonly check: IdentityCheck;
  readonly facts: IdentityFacts;
  /** The best chain: in date where one exists, else any whose signatures are right. */
  readonly chain: readonly CertificateFacts[] | undefined;
  /** Why there is no chain at all. */
  readonly noChainReason: string;
}

type Failure = Extract<
  IdentityStatus,
  { status: 'expired' | 'not_yet_valid' | 'key_mismatch' | 'untrusted' }
>;

const DAY_MS = 86_400_000;

/**
 * The state of an agent's identity: existence, then parsing, validity dates (CA, then server certificate), key
 * match and CA trust. The first check that fails names the status. Among several CAs only those that this
 * certificate chains to count, so an expired one left over from a rotation does no harm.
 */
export function checkIdentity(check: IdentityCheck): IdentityStatus {
  const parsed = parseIdentity(check);
  if ('status' in parsed) return parsed;
  const subject = withChain(parsed, check);
  return checkDates(subject) ?? checkKey(subject) ?? checkTrust(subject) ?? timeLeft(subject);
}

function withChain(parsed: ParsedIdentity, check: IdentityCheck): Subject {
  const { leaf, cas, intermediates } = parsed;
  const parts = { leaf, roots: cas, intermediates };
  const inDate = findChain(parts, (issuer) => dateFault(issuer, check.now));
  const search = inDate.chain ? inDate : findChain(parts, () => undefined);
  const ends = (search.chain?.slice(1) ?? []).map((ca) => ca.notAfterMs);
  const facts = {
    notBeforeMs: leaf.notBeforeMs,
    notAfterMs: leaf.notAfterMs,
    caNotAfterMs: ends.length > 0 ? Math.min(...ends) : Math.max(...cas.map((ca) => ca.notAfterMs)),
    serialHex: leaf.serialHex,
    fingerprint: certificateFingerprint(leaf.der),
    subject: leaf.subject,
    issuer: leaf.issuer,
  };
  return { ...parsed, check, facts, chain: search.chain, noChainReason: search.chain ? '' : search.reason };
}

function checkDates(subject: Subject): Failure | undefined {
  const { chain, cas, leaf, check } = subject;
  const { now } = check;
  // Without a chain nobody knows which CA is meant; then the CA step fails only when none of them is in date.
  const relevant = chain?.slice(1) ?? (cas.every((ca) => dateFault(ca, now)) ? cas : []);
  const outOfDate = relevant.find((ca) => dateFault(ca, now)) ?? (dateFault(leaf, now) ? leaf : undefined);
  return outOfDate && dateFailure(subject, outOfDate);
}

function dateFailure(subject: Subject, certificate: CertificateFacts): Failure {
  const { check, facts, leaf } = subject;
  const { now } = check;
  const role = certificate === leaf ? 'server certificate' : 'CA certificate';
  const name = `The ${role} in ${fileOf(subject, certificate)} ("${certificate.subject}", serial ${certificate.serialHex})`;
  const clock = `this host's clock says ${iso(now)}`;
  if (now > certificate.notAfterMs) {
    const days = Math.floor((now - certificate.notAfterMs) / DAY_MS);
    const ago = days === 0 ? 'less than a day ago' : `${days} ${days === 1 ? 'day' : 'days'} ago`;
    const message = `${name} expired on ${iso(certificate.notAfterMs)}, ${ago}: ${clock}.`;
    return { status: 'expired', code: 'CERT_EXPIRED', message, facts };
  }
  const message =
    `${name} is not valid before ${iso(certificate.notBeforeMs)}, but ${clock} ` +
    `(${CLOCK_SKEW_MS / 60_000} minutes of difference are allowed). The clock is probably wrong.`;
  return { status: 'not_yet_valid', code: 'CERT_NOT_YET_VALID', message, facts };
}

function checkKey({ key, leaf, check, facts }: Subject): Failure | undefined {
  const ours = createPublicKey(key);
  if (ours.equals(readPublicKey(leaf.spki))) return undefined;
  const message =
    `The private key in ${check.key.path} does not belong to the server certificate in ${check.certificate.path} ` +
    `(serial ${leaf.serialHex}): the key's public half is ` +
    `${spkiFingerprintOf(ours.export({ type: 'spki', format: 'der' }))}, the certificate's is ` +
    `${spkiFingerprintOf(leaf.spki)}.`;
  return { status: 'key_mismatch', code: 'CERT_KEY_MISMATCH', message, facts };
}

function checkTrust(subject: Subject): Failure | undefined {
  const { chain, leaf, check, facts } = subject;
  const name = `The server certificate in ${check.certificate.path} ("${leaf.subject}", serial ${leaf.serialHex})`;
  if (!chain) {
    const message =
      `${name} does not chain to a CA in ${check.ca.path}: ${subject.noChainReason}. ` +
      `Its issuer is "${leaf.issuer}", its fingerprint ${facts.fingerprint}.`;
    return { status: 'untrusted', code: 'CERT_UNTRUSTED', message, facts };
  }
  const problem = unsuitableReason(leaf) ?? missingName(leaf, check.expectedNames ?? {});
  if (problem === undefined) return undefined;
  return { status: 'untrusted', code: 'CERT_UNSUITABLE', message: `${name} ${problem}.`, facts };
}

function unsuitableReason(leaf: CertificateFacts): string | undefined {
  if (leaf.isCa) return 'is a CA certificate, which must not serve connections';
  const usages = leaf.extendedKeyUsage;
  if (usages.length > 0 && !usages.includes('serverAuth')) {
    return `may not be used by a server: it allows only ${usages.join(', ')}`;
  }
  if (!isAllowedKey(readPublicKey(leaf.spki))) {
    return `uses a ${leaf.publicKeyAlgorithm} key; use EC P-256, EC P-384, Ed25519 or RSA from 2048 bits`;
  }
  return undefined;
}

function missingName(
  leaf: CertificateFacts,
  { fqdn, ipAddress }: NonNullable<IdentityCheck['expectedNames']>,
): string | undefined {
  const dnsNames = leaf.dnsNames.map((name) => name.toLowerCase());
  const carried = [...dnsNames, ...leaf.ipAddresses].join(', ') || 'no names at all';
  if (fqdn !== undefined && !dnsNames.includes(fqdn.toLowerCase())) {
    return `does not name this host, ${fqdn}: it names ${carried}`;
  }
  if (ipAddress !== undefined && !leaf.ipAddresses.includes(canonicalIpAddress(ipAddress))) {
    return `does not name this host's address, ${ipAddress}: it names ${carried}`;
  }
  return undefined;
}

function timeLeft({ facts, check }: Subject): IdentityStatus {
  const caFirst = facts.caNotAfterMs < facts.notAfterMs;
  const end = Math.min(facts.notAfterMs, facts.caNotAfterMs);
  const [role, path] = caFirst ? ['CA', check.ca.path] : ['server certificate', check.certificate.path];
  const left = end - check.now;
  const days = Math.floor(left / DAY_MS);
  const message =
    `The ${role} in ${path} expires on ${iso(end)}, in ` +
    `${days === 0 ? 'less than a day' : `${days} ${days === 1 ? 'day' : 'days'}`} ` +
    `(server certificate "${facts.subject}", serial ${facts.serialHex}).`;
  return { status: left < check.thresholdDays * DAY_MS ? 'expiring_soon' : 'valid', message, facts };
}

function fileOf({ check, cas }: Subject, certificate: CertificateFacts): string {
  return cas.includes(certificate) ? check.ca.path : check.certificate.path;
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
