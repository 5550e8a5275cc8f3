import {
  type Audience,
  createCertificateProof,
  type ProofKind,
  type VerifiedCertificateProof,
  verifyCertificateProof,
} from './certificate-proof.ts';

const LEAVE: ProofKind = {
  name: 'proof of leaving',
  claims: { act: 'leave' },
  otherClaims: 'does not say that the host leaves',
};

/** The holder of the current key says that the host leaves; a JWS as `createCertificateProof` makes it. */
export function createLeaveProof(proof: {
  readonly privateKeyPem: string;
  /** The current certificate first, then its intermediates. */
  readonly certificateChainPem: string;
  /** The URL of `POST /enroll/leave`. */
  readonly audience: string;
  readonly nowS: number;
  readonly jti: string;
}): string {
  return createCertificateProof(LEAVE, proof);
}

/** Checks a proof of leaving, all but its chain. Throws UNAUTHORIZED. */
export function verifyLeaveProof(expected: {
  readonly jws: string;
  readonly audience: Audience;
  readonly nowS: number;
}): VerifiedCertificateProof {
  return verifyCertificateProof(LEAVE, expected);
}
