import type { Bundle } from '@linux-patch/contract';
import { parseCertificates } from '@linux-patch/pki';
import { requireVouched } from '../../identity/issuers/trust-change.ts';

/**
 * Whether every root of a bundle is a pinned one or was certified by one, directly or through others: the manager has
 * replaced its CA since the pin was written down.
 *
 * @param anchors certificates that fit the pin
 */
export function leadsFromPin(bundle: Bundle, anchors: readonly string[], now: number): boolean {
  try {
    requireVouched({
      roots: parseCertificates(bundle.ca_crt),
      chain: parseCertificates(bundle.ca_chain ?? bundle.ca_crt),
      trusted: anchors.flatMap((pem) => parseCertificates(pem)),
      now,
    });
    return true;
  } catch {
    return false;
  }
}
