/**
 * Why a certificate is revoked, with the reason codes of RFC 5280 §5.3.1. Left out are holds, because what is revoked
 * here stays revoked, and the reasons of CAs and attribute authorities, which are no certificates of this list.
 */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;
export type RevocationReason = keyof typeof REVOCATION_REASONS;

/** The reasons' names, for schemas and command lines. */
export const REVOCATION_REASON_NAMES = Object.keys(REVOCATION_REASONS) as [
  RevocationReason,
  ...RevocationReason[],
];
