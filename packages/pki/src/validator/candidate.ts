import type { Occasion } from './finding.ts';

/** One file of an identity, or one member of a bundle; `text` is undefined when it does not exist. */
export interface IdentityFile {
  readonly path: string;
  readonly text: string | undefined;
}

/** An identity to judge: files on disk, or the members of a bundle, whose names then stand in `path`. */
export interface Candidate {
  /** Trusted CAs; several during a rotation. */
  readonly ca: IdentityFile;
  /** The server certificate, optionally followed by its intermediates. */
  readonly certificate: IdentityFile;
  readonly key: IdentityFile;
  /** More CA certificates, of which none is trusted by itself. */
  readonly chain?: IdentityFile | undefined;
  /** Revocation list; a missing or empty one is allowed. */
  readonly crl?: IdentityFile | undefined;
}

/** What a candidate is held against. */
export interface Expectation {
  readonly occasion: Occasion;
  /** The host's clock, epoch milliseconds. */
  readonly now: number;
  /** Less than this many days left means `expiring_soon`; see `latestRenewalMs`. */
  readonly thresholdDays: number;
  /** Names that the certificate must carry, where the caller insists on them. */
  readonly expectedNames?:
    | { readonly fqdn?: string | undefined; readonly ipAddress?: string | undefined }
    | undefined;
  /** The pinned CA. */
  readonly caFingerprint?: string | undefined;
  /** Who made the key of a bundle; on disk nobody asks. */
  readonly keyOrigin?: 'host' | 'manager' | undefined;
  /** The private key that came with a bundle, where this host made its own. */
  readonly foreignKeyPem?: string | undefined;
  readonly freshness?:
    | {
        /** Serial numbers of certificates that this host has or had. */
        readonly knownSerials: readonly string[];
        /** When the request was made; undefined when the clock at that time is not believed. */
        readonly requestedAtMs?: number | undefined;
      }
    | undefined;
  /** Which client certificate the manager calls with. */
  readonly managerClient?: { readonly cn: string; readonly issuer_spki: string } | undefined;
}
