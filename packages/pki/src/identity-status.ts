import type { ErrorCode } from '@linux-patch/contract';

/** What is known about an identity once its files could be parsed. Instants are epoch milliseconds. */
export interface IdentityFacts {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Earliest expiry among the CA certificates of the chain; without a chain, the latest in the CA file. */
  readonly caNotAfterMs: number;
  readonly serialHex: string;
  /** SHA-256 of the certificate, hex. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
}

interface Usable {
  readonly status: 'valid' | 'expiring_soon';
  readonly message: string;
  readonly facts: IdentityFacts;
}

interface Missing {
  readonly status: 'missing';
  readonly message: string;
  readonly code: 'CERT_MISSING';
  /** All files that do not exist. */
  readonly paths: readonly string[];
}

interface Corrupt {
  readonly status: 'corrupt';
  readonly message: string;
  readonly code: 'CERT_CORRUPT';
  /** The first file that cannot be read. */
  readonly path: string;
}

interface Unusable {
  readonly status: 'expired' | 'not_yet_valid' | 'key_mismatch' | 'untrusted';
  readonly message: string;
  readonly code: Extract<
    ErrorCode,
    'CERT_EXPIRED' | 'CERT_NOT_YET_VALID' | 'CERT_KEY_MISMATCH' | 'CERT_UNTRUSTED' | 'CERT_UNSUITABLE'
  >;
  readonly facts: IdentityFacts;
}

/** The state of an identity: a status, a message for people, and what is known. */
export type IdentityStatus = Usable | Missing | Corrupt | Unusable;
