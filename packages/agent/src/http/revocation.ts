import { type CRL_STATUSES, messageOf } from '@linux-patch/contract';
import { parseCertificates, parseCrl, verifyCrl } from '@linux-patch/pki';

export type CrlStatus = (typeof CRL_STATUSES)[number];

/** What a revocation list on disk means for this host. */
export interface RevocationState {
  readonly status: CrlStatus;
  /** Why, for people. */
  readonly message: string;
  /** Serial numbers to refuse; those of an outdated list still count, those of an unsigned one never do. */
  readonly serials: ReadonlySet<string>;
  readonly thisUpdateMs: number | undefined;
  readonly nextUpdateMs: number | undefined;
}

const NOTHING = {
  serials: new Set<string>(),
  thisUpdateMs: undefined,
  nextUpdateMs: undefined,
} as const;

/**
 * Reads a revocation list in our own code instead of giving it to OpenSSL, which refuses every client once the list
 * is past its nextUpdate. A list that is missing or outdated is reported and keeps the host reachable.
 */
export function readRevocations(crlPem: string | undefined, caPem: string, nowMs: number): RevocationState {
  if (crlPem === undefined || crlPem.trim() === '') {
    return { ...NOTHING, status: 'missing', message: 'There is no revocation list.' };
  }
  try {
    const crl = parseCrl(crlPem);
    const authorities = parseCertificates(caPem).filter((certificate) => certificate.isCa);
    if (!authorities.some((authority) => verifyCrl(crlPem, authority.pem))) {
      const message = `The revocation list of "${crl.issuer}" is not signed by a CA this host trusts.`;
      return { ...NOTHING, status: 'invalid', message };
    }
    const { serials, thisUpdateMs, nextUpdateMs } = crl;
    const expired = nextUpdateMs !== undefined && nowMs > nextUpdateMs;
    const until = nextUpdateMs === undefined ? '' : new Date(nextUpdateMs).toISOString();
    return {
      serials,
      thisUpdateMs,
      nextUpdateMs,
      status: expired ? 'expired' : 'valid',
      message: expired
        ? `The revocation list should have been replaced by ${until}.`
        : 'The revocation list is current.',
    };
  } catch (error) {
    return { ...NOTHING, status: 'invalid', message: messageOf(error) };
  }
}
