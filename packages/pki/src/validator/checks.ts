import type { IdentityStatus } from '../identity-status.ts';

/** When a check that fails keeps an identity from being used. */
export type Refusal =
  /** At start and before an install. */
  | 'always'
  /** Before an install; an identity that is in use already keeps serving, with a warning. */
  | 'install'
  /** Never; it is reported. */
  | 'never';

/** What is the same wherever a check is shown. */
export interface CheckTraits {
  /** Short name. */
  readonly name: string;
  /** What must hold, one sentence. */
  readonly sentence: string;
  /** Status of an identity that fails it. */
  readonly status: Exclude<IdentityStatus['status'], 'valid' | 'expiring_soon'>;
  readonly refuses: Refusal;
  /** The command that mends it. */
  readonly repair: string;
}

const RENEW = 'linux-patch-api --renew-certs';
const ENROL = 'linux-patch-api --enroll https://MANAGER:8443';
const CLOCK = 'timedatectl set-ntp true';

/**
 * Every check of an identity, in the order in which it is made: existence, parsing, dates, key match, CA trust. The
 * first that refuses names the status.
 */
export const CHECKS = {
  V0: {
    name: 'present',
    sentence: 'CA, certificate and private key exist.',
    status: 'missing',
    refuses: 'always',
    repair: RENEW,
  },
  V1: {
    name: 'size',
    sentence:
      'No member is larger than 64 KiB, all together not larger than 256 KiB. A file in use is refused only where it is too large to be read.',
    status: 'corrupt',
    refuses: 'install',
    repair: RENEW,
  },
  V2: {
    name: 'pem',
    sentence:
      'Each member is PEM text with blocks of the right kind, each once, complete, without NUL bytes or byte order mark, nothing after the last. What can be read in spite of it (comments, text around blocks, indentation, other blocks) stays in use and is warned about.',
    status: 'corrupt',
    refuses: 'install',
    repair: RENEW,
  },
  V3: {
    name: 'parse',
    sentence: 'Each block is a certificate that can be parsed to its last octet.',
    status: 'corrupt',
    refuses: 'always',
    repair: RENEW,
  },
  V10: {
    name: 'key',
    sentence:
      'The private key is one PKCS#8, SEC1 or PKCS#1 block, not encrypted; text and blocks beside it are warned about in use.',
    status: 'corrupt',
    refuses: 'always',
    repair: RENEW,
  },
  V13: {
    name: 'not_before',
    sentence: 'Certificate and CAs have begun; the clock may be five minutes behind.',
    status: 'not_yet_valid',
    refuses: 'always',
    repair: CLOCK,
  },
  V14: {
    name: 'not_after',
    sentence:
      'Certificate and CAs have not expired; a new certificate has an hour or 2 % of its life left, whichever is more.',
    status: 'expired',
    refuses: 'always',
    repair: RENEW,
  },
  V11: {
    name: 'key_match',
    sentence: 'The private key belongs to the certificate.',
    status: 'key_mismatch',
    refuses: 'always',
    repair: RENEW,
  },
  V19: {
    name: 'own_key',
    sentence: 'When this host made the key, the certificate is for it and no private key is sent.',
    status: 'key_mismatch',
    refuses: 'install',
    repair: ENROL,
  },
  V4: {
    name: 'ca',
    sentence: 'Each CA is one: CA flag, key usage certificate signing, and a right signature if by itself.',
    status: 'untrusted',
    refuses: 'install',
    repair: RENEW,
  },
  V5: {
    name: 'pin',
    sentence: 'The CA is the one that `enrollment.ca_fingerprint` or the join string names.',
    status: 'untrusted',
    refuses: 'install',
    repair: ENROL,
  },
  V18: {
    name: 'signature_algorithm',
    sentence: 'No certificate is signed with SHA-1 or MD5, roots aside, whose own signature proves nothing.',
    status: 'untrusted',
    refuses: 'install',
    repair: ENROL,
  },
  V6: {
    name: 'chain',
    sentence:
      'The certificate chains to a CA: signatures, CA flags, path lengths; no critical extension is unknown (in use: warned about).',
    status: 'untrusted',
    refuses: 'always',
    repair: RENEW,
  },
  V7: {
    name: 'leaf',
    sentence: 'The certificate of the host is not a CA.',
    status: 'untrusted',
    refuses: 'always',
    repair: RENEW,
  },
  V8: {
    name: 'usage',
    sentence:
      'The certificate may be used by a server: extended key usage, where it has one; key usage digital signature, where it has one (in use: warned about).',
    status: 'untrusted',
    refuses: 'always',
    repair: RENEW,
  },
  V9: {
    name: 'names',
    sentence:
      "The certificate names this host and its address. A missing address is a warning where the manager made the key, because some of the older generation's builds leave it out.",
    status: 'untrusted',
    refuses: 'install',
    repair: ENROL,
  },
  V12: {
    name: 'algorithm',
    sentence:
      'Keys are EC P-256, EC P-384, Ed25519 or RSA (not RSA-PSS) of 2048 to 8192 bits; another one of a CA in use is warned about.',
    status: 'untrusted',
    refuses: 'always',
    repair: ENROL,
  },
  V15: {
    name: 'life',
    sentence: 'The certificate is made for more than nothing and at most 825 days.',
    status: 'untrusted',
    refuses: 'install',
    repair: ENROL,
  },
  V16: {
    name: 'fresh',
    sentence:
      'The certificate was made for this request: its serial number is new here, and a key from the manager is not older than the request.',
    status: 'untrusted',
    refuses: 'install',
    repair: ENROL,
  },
  V17: {
    name: 'crl',
    sentence:
      'The revocation list, where there is one, parses, is signed by a CA and does not name this certificate, if it covers it; an outdated one is warned about.',
    status: 'untrusted',
    refuses: 'install',
    repair: ENROL,
  },
  V20: {
    name: 'manager_client',
    sentence: 'The CA that issues the client certificate of the manager is among the CAs.',
    status: 'untrusted',
    refuses: 'install',
    repair: ENROL,
  },
  V21: {
    name: 'handshake',
    sentence:
      'The TLS library takes the set, and a TLS 1.3 handshake with it on loopback succeeds, verified by name and by address.',
    status: 'untrusted',
    refuses: 'install',
    repair: RENEW,
  },
} as const satisfies Record<string, CheckTraits>;

/** A check of the validator, such as `V14`. */
export type CheckId = keyof typeof CHECKS;

/** All checks in the order in which they are made. */
export const CHECK_IDS = Object.keys(CHECKS) as CheckId[];
