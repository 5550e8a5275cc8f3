import { DAY_MS } from '@linux-patch/contract';
import type { IdentityFacts, IdentityStatus } from '../identity-status.ts';
import { latestRenewalMs } from '../renewal-policy.ts';
import type { Candidate, Expectation } from './candidate.ts';
import type { CheckId } from './checks.ts';
import { dateFaults, freshnessFaults, lifeFaults } from './dates.ts';
import { type Fault, type Finding, findingsOf } from './finding.ts';
import { keyFaults, nameFaults, usageFaults } from './leaf.ts';
import { type ParsedCandidate, readCandidate } from './read-candidate.ts';
import { managerClientFaults, revocationFaults } from './revocation.ts';
import { isoOf, type Subject, subjectOf } from './subject.ts';
import { algorithmFaults, authorityFaults, chainFaults, pinFaults, signatureFaults } from './trust.ts';

/** What the validator has to say about an identity. */
export interface Validation {
  /** One word for it: the first check that refuses, else how much time is left. */
  readonly status: IdentityStatus;
  /** Everything that was found, in the order of the checks; empty when nothing is wrong. */
  readonly findings: readonly Finding[];
  /** The certificates, when they could be parsed. */
  readonly parsed: ParsedCandidate | undefined;
}

/** Checks that look at a parsed candidate; V21, the handshake, needs a network and belongs to the agent. */
const CHECKERS: readonly ((subject: Subject) => Fault[])[] = [
  dateFaults,
  keyFaults,
  authorityFaults,
  pinFaults,
  signatureFaults,
  chainFaults,
  usageFaults,
  nameFaults,
  algorithmFaults,
  lifeFaults,
  freshnessFaults,
  revocationFaults,
  managerClientFaults,
];

/**
 * Judges an identity by every check, at start (`occasion: 'start'`), before an install and while it serves. The order
 * is existence, parsing, dates, key match, CA trust. Among several CAs only those that the certificate chains to
 * count, so an expired one left over from a rotation does no harm.
 */
export function validateIdentity(candidate: Candidate, expected: Expectation): Validation {
  const { parsed, faults } = readCandidate(candidate);
  const subject = parsed && subjectOf(parsed, candidate, expected);
  const found = subject ? CHECKERS.flatMap((check) => check(subject)) : [];
  const findings = findingsOf([...faults, ...found], expected.occasion);
  return { status: identityStatusOf(findings, subject), findings, parsed };
}

/** Which error code a status carries. */
const CODES = {
  missing: 'CERT_MISSING',
  corrupt: 'CERT_CORRUPT',
  expired: 'CERT_EXPIRED',
  not_yet_valid: 'CERT_NOT_YET_VALID',
  key_mismatch: 'CERT_KEY_MISMATCH',
} as const;

/** The status that findings come to. */
export function statusOfFinding(finding: Finding, facts: IdentityFacts | undefined): IdentityStatus {
  const { status, message, paths, check } = finding;
  if (status === 'missing') return { status, message, code: CODES[status], paths };
  const path = paths[0] ?? '';
  if (status === 'corrupt' || !facts) return { status: 'corrupt', message, code: CODES.corrupt, path };
  if (status === 'untrusted') return { status, message, code: untrustedCode(check), facts };
  return { status, message, code: CODES[status], facts };
}

function untrustedCode(check: CheckId): 'CERT_UNTRUSTED' | 'CERT_UNSUITABLE' {
  return check === 'V6' || check === 'V5' ? 'CERT_UNTRUSTED' : 'CERT_UNSUITABLE';
}

function identityStatusOf(findings: readonly Finding[], subject: Subject | undefined): IdentityStatus {
  const refused = findings.find((finding) => finding.severity === 'refuse');
  if (refused) return statusOfFinding(refused, subject?.facts);
  if (!subject) throw new RangeError('an identity without findings was not parsed');
  return timeLeft(subject);
}

function timeLeft({ facts, candidate, expected }: Subject): IdentityStatus {
  const caFirst = facts.caNotAfterMs < facts.notAfterMs;
  const end = Math.min(facts.notAfterMs, facts.caNotAfterMs);
  const [role, path] = caFirst
    ? ['CA', candidate.ca.path]
    : ['server certificate', candidate.certificate.path];
  const left = end - expected.now;
  const days = Math.floor(left / DAY_MS);
  const message =
    `The ${role} in ${path} expires on ${isoOf(end)}, in ` +
    `${days === 0 ? 'less than a day' : `${days} ${days === 1 ? 'day' : 'days'}`} ` +
    `(server certificate "${facts.subject}", serial ${facts.serialHex}).`;
  const { now, thresholdDays } = expected;
  // A CA is not renewed by whoever believes it, so its age is no matter.
  const caEnds = facts.caNotAfterMs - now < thresholdDays * DAY_MS;
  const isLate = now > latestRenewalMs({ ...facts, thresholdDays });
  return { status: caEnds || isLate ? 'expiring_soon' : 'valid', message, facts };
}
