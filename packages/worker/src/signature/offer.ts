import type { HostJobKey, JobKeyOffer, JobKeyWay } from '@linux-patch/contract';
import { type CertificateFacts, isVouchedFor, jobKeyFingerprint, leadsToJobKey } from '@linux-patch/pki';
import type { Pin } from './pinned-key.ts';

/** What an offered key means for this host. */
export type OfferVerdict =
  /** Nothing changes. */
  | { readonly kind: 'known' }
  /** No CA that this host trusts vouches for it; it counts for nothing. */
  | { readonly kind: 'unvouched' }
  /** It counts from now on; `followed` when the pinned key signed it. */
  | { readonly kind: 'pinned'; readonly pin: HostJobKey; readonly followed: boolean }
  /** It counted here before another took its place; it is no candidate any more. */
  | { readonly kind: 'replaced'; readonly offered: string }
  /** Another key is pinned, and nothing leads from there to this one. */
  | { readonly kind: 'foreign'; readonly pin: HostJobKey };

/**
 * Decides about a key that the manager offers.
 * @param context.roots CAs that this host trusts; at a join by string, the one that the string pins
 * @param context.way what speaks for it: a join string or root, who choose the manager of this host, or nothing but that it
 *   comes first
 */
export function judgeOffer(
  held: HostJobKey & Partial<Pin>,
  offer: JobKeyOffer,
  context: { readonly roots: readonly CertificateFacts[]; readonly way: JobKeyWay },
): OfferVerdict {
  if (!isVouchedFor(offer, context.roots)) return { kind: 'unvouched' };
  const offered = jobKeyFingerprint(offer.key);
  const { way } = context;
  const pin = (by: JobKeyWay): HostJobKey => ({ pinned: offered, by, foreign: null });
  const isSaid = way !== 'first_sight';
  if (held.pinned === offered) {
    const isSame = held.foreign === null && (!isSaid || held.by === way);
    return isSame
      ? { kind: 'known' }
      : { kind: 'pinned', pin: pin(isSaid ? way : (held.by ?? way)), followed: false };
  }
  if (isSaid) return { kind: 'pinned', pin: pin(way), followed: false };
  if (held.pinned === null)
    // Root may have said that none is to be pinned.
    return held.by === null ? { kind: 'pinned', pin: pin(way), followed: false } : { kind: 'known' };
  if (leadsToJobKey(held.pinned, offer)) return { kind: 'pinned', pin: pin(held.by ?? way), followed: true };
  if (held.replaced?.includes(offered))
    return held.refused === offered ? { kind: 'known' } : { kind: 'replaced', offered };
  const { pinned, by } = held;
  return held.foreign === offered
    ? { kind: 'known' }
    : { kind: 'foreign', pin: { pinned, by, foreign: offered } };
}
