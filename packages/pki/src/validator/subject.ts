import type { CertificateFacts } from '../certificates.ts';
import { dateFault, findChain } from '../chain.ts';
import { certificateFingerprint } from '../fingerprints.ts';
import type { IdentityFacts } from '../identity-status.ts';
import type { Candidate, Expectation } from './candidate.ts';
import type { ParsedCandidate } from './read-candidate.ts';

/** A parsed candidate with its chain and what it is held against: what the checks look at. */
export interface Subject extends ParsedCandidate {
  readonly candidate: Candidate;
  readonly expected: Expectation;
  readonly facts: IdentityFacts;
  /** The best chain: in date where one exists, else any whose signatures are right. */
  readonly chain: readonly CertificateFacts[] | undefined;
  /** Why there is no chain at all. */
  readonly noChainReason: string;
  /** The server certificate and where it lies, to begin a sentence with. */
  readonly name: string;
}

export function subjectOf(parsed: ParsedCandidate, candidate: Candidate, expected: Expectation): Subject {
  const { leaf, cas, intermediates } = parsed;
  const parts = { leaf, roots: cas, intermediates };
  const inDate = findChain(parts, (issuer) => dateFault(issuer, expected.now));
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
  return {
    ...parsed,
    candidate,
    expected,
    facts,
    chain: search.chain,
    noChainReason: search.chain ? '' : search.reason,
    name: `The server certificate in ${candidate.certificate.path} ("${leaf.subject}", serial ${leaf.serialHex})`,
  };
}

/** File or member in which a certificate came. */
export function pathOf({ candidate, cas, leaf }: Subject, certificate: CertificateFacts): string {
  return certificate !== leaf && cas.includes(certificate) ? candidate.ca.path : candidate.certificate.path;
}

export function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
