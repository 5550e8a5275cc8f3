import { createHash } from 'node:crypto';
import { toBase64url } from './base64url.ts';
import {
  type Audience,
  createCertificateProof,
  type ProofKind,
  type VerifiedCertificateProof,
  verifyCertificateProof,
} from './certificate-proof.ts';

/** A renewal proof whose signature, request, audience and times are right. Its chain is still to be checked. */
export type VerifiedRenewal = VerifiedCertificateProof;

function renewalOf(csrPem: string): ProofKind {
  return {
    name: 'renewal proof',
    claims: { csr_sha256: toBase64url(createHash('sha256').update(csrPem, 'utf8').digest()) },
    otherClaims: 'belongs to another certificate request',
  };
}

/**
 * The holder of the current key asks for a certificate for the key in `csrPem`; a JWS as `createCertificateProof`
 * makes it.
 */
export function createRenewalProof(proof: {
  readonly privateKeyPem: string;
  /** The current certificate first, then its intermediates. */
  readonly certificateChainPem: string;
  /** The renewal URL. */
  readonly audience: string;
  readonly csrPem: string;
  readonly nowS: number;
  readonly jti: string;
}): string {
  return createCertificateProof(renewalOf(proof.csrPem), proof);
}

/**
 * Checks a renewal proof: signature by the first certificate's key, audience, request, times (five minutes of
 * skew). Does not check the chain: the caller does, with `buildChain` and its own roots. Throws UNAUTHORIZED.
 */
export function verifyRenewalProof(expected: {
  readonly jws: string;
  readonly audience: Audience;
  readonly csrPem: string;
  readonly nowS: number;
}): VerifiedRenewal {
  return verifyCertificateProof(renewalOf(expected.csrPem), expected);
}
