import type { CertificateFacts } from '@linux-patch/pki';

type Lifetime = Pick<CertificateFacts, 'notBeforeMs' | 'notAfterMs'>;

/** A certificate that lives shorter than this would be renewed all day. */
const SHORTEST_LIFE_MS = 10 * 60_000;

/**
 * Why a new certificate does not help the host, as a clause; undefined when it does. A useless one must not be stored:
 * the next renewal would be due at once, and the issuer asked for ever.
 *
 * @param current undefined where the new one is wanted for something else than its life
 */
export function renewedFault(
  current: Lifetime | undefined,
  renewed: Lifetime,
  now: number,
): string | undefined {
  const until = new Date(renewed.notAfterMs).toISOString();
  if (renewed.notAfterMs <= now) return `it expired on ${until}`;
  if (current && renewed.notAfterMs <= current.notAfterMs) {
    return `it ends on ${until}, no later than the certificate it would replace`;
  }
  if (renewed.notAfterMs - now < SHORTEST_LIFE_MS) return `it ends on ${until}, in a few minutes`;
  return undefined;
}
