import type { IdentityFacts, RenewalPolicy } from '@linux-patch/pki';
import type { Identity } from '../identity.ts';
import type { IdentityMeta } from '../store/identity-meta.ts';

/** Uniform in [0, 1) and the same whenever this certificate is looked at. */
function drawOf(fingerprint: string): number {
  const digits = fingerprint.replace(/[^0-9a-f]/gi, '').slice(-8);
  return Number.parseInt(digits.padStart(1, '0'), 16) / 2 ** 32;
}

/**
 * When this host's certificate is renewed. Certificates that somebody copied have no draw of their own: theirs comes
 * from the certificate, so that a fleet set up by hand spreads out too.
 */
function renewalPolicyOf(
  facts: Pick<IdentityFacts, 'notBeforeMs' | 'notAfterMs' | 'fingerprint'>,
  meta: Pick<IdentityMeta, 'trust' | 'renewal_draw' | 'renew_window'>,
  thresholdDays: number,
): RenewalPolicy {
  const window = meta.renew_window;
  return {
    notBeforeMs: facts.notBeforeMs,
    notAfterMs: facts.notAfterMs,
    draw: meta.trust === 'manual' ? drawOf(facts.fingerprint) : meta.renewal_draw,
    thresholdDays,
    window: window && { startMs: Date.parse(window.start), endMs: Date.parse(window.end) },
  };
}

/** A certificate, as far as its renewal is concerned. */
export interface Renewable {
  readonly serialHex: string;
  readonly policy: RenewalPolicy;
}

/** Undefined when the certificate cannot be read. */
export function renewableOf(
  { facts, meta }: Pick<Identity, 'facts' | 'meta'>,
  thresholdDays: number,
): Renewable | undefined {
  return facts && { serialHex: facts.serialHex, policy: renewalPolicyOf(facts, meta, thresholdDays) };
}
