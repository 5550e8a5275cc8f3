export type { VerifiedCertificateProof } from './certificate-proof.ts';
export {
  type CertificateFacts,
  parseCertificate,
  parseCertificateDer,
  parseCertificates,
  parseReceivedCertificates,
  plainCertificates,
  readCertificateText,
} from './certificates.ts';
export { buildChain, type ChainParts, CLOCK_SKEW_MS, isIssuedBy } from './chain.ts';
export { type CrlFacts, createCrl, parseCrl, type RevokedEntry, verifyCrl } from './crl.ts';
export {
  type CrlScope,
  certificatePoint,
  coversCertificate,
  coversManager,
  MANAGER_POINT,
} from './crl-scope.ts';
export {
  certificateFingerprint,
  keyId,
  matchesFingerprint,
  parseFingerprint,
  spkiFingerprint,
  spkiSha256,
} from './fingerprints.ts';
export {
  type ApprovedBundle,
  agentTag,
  createHostCode,
  type EnrollmentTranscript,
  equalTags,
  joinTokenTag,
  managerApprovedTag,
  managerDeniedTag,
  stretchHostCode,
  transcriptHash,
} from './host-code.ts';
export { type IdentityFacts, type IdentityStatus } from './identity-status.ts';
export { addressPrefix, canonicalIpAddress, ipAddressBytes } from './ip-address.ts';
export { createRoot, type Issuer, issueCertificate } from './issue.ts';
export {
  generateJobKey,
  isVouchedFor,
  jobKeyFingerprint,
  jobPublicKey,
  leadsToJobKey,
  signKeyChange,
  vouchForJobKey,
} from './job-key.ts';
export { isJobSignedBy, type JobSignature, signJob } from './job-signature.ts';
export {
  formatJoinString,
  type JoinString,
  joinTokenId,
  joinTokenKey,
  parseJoinString,
} from './join-token.ts';
export { MANAGER_USAGE } from './key-usages.ts';
export { generateKey, plainPrivateKey, publicKeySpki } from './keys.ts';
export { createLeaveProof, verifyLeaveProof } from './leave-proof.ts';
export { managerFault } from './manager-certificate.ts';
export {
  agentProfile,
  type CertificateProfile,
  issuingProfile,
  managerClientProfile,
  rootProfile,
  webProfile,
} from './profiles.ts';
export { type ProofLabel, type ProofVerdict, type ProvenRequest, signProof, verifyProof } from './proofs.ts';
export { alarmLevel, type RenewalAlarm, renewalAlarm } from './renewal-alarm.ts';
export { ATTEMPT_FLOOR_MS, nextAttemptAt, SLOT_MS } from './renewal-attempts.ts';
export { isRenewalDue, type RenewalPolicy, type RenewalWindow, renewalPoint } from './renewal-policy.ts';
export { createRenewalProof, type VerifiedRenewal, verifyRenewalProof } from './renewal-proof.ts';
export { chooseRenewalWindow, renewalHour, renewalWindowFrom } from './renewal-slots.ts';
export { createRequest, parseRequest, type RequestFacts } from './request.ts';
export { canonicalSerial, serialFrom } from './serial.ts';
export type { Candidate, Expectation, IdentityFile } from './validator/candidate.ts';
export { CHECKS, type CheckId, type CheckTraits } from './validator/checks.ts';
export { type Fault, type Finding, findingsOf, type Occasion } from './validator/finding.ts';
export { statusOfFinding, type Validation, validateIdentity } from './validator/validate.ts';
