import type { HostJobKey, JobKeyOffer, JobKeyWay } from '@linux-patch/contract';
import {
  type CertificateFacts,
  isVouchedFor,
  jobKeyFingerprint,
  leadsToJobKey,
  matchesFingerprint,
} from '@linux-patch/pki';
import type { Pin } from './pinned-key.ts';

/** What an offered key means for this host. */
export type OfferVerdict =
  /** Nothing changes. */
  | { readonly kind: 'known' }
  /** No CA that this host trusts vouches for it; it counts for nothing. */
  | { readonly kind: 'unvouched' }
  /** The CA that the join string of this host pins does not vouch for it; it counts for nothing. */
  | { readonly kind: 'uncertified'; readonly authority: string }
  /** It counts from now on; `followed` when the pinned key signed it. */
  | { readonly kind: 'pinned'; readonly pin: HostJobKey; readonly followed: boolean }
  /** It counted here before another took its place; it is no candidate any more. */
  | { readonly kind: 'replaced'; readonly offered: string; readonly pinned: string }
  /** Another key is pinned, and nothing leads from there to this one. */
  | { readonly kind: 'foreign'; readonly pin: HostJobKey };

/** What speaks for an offered key. */
export interface OfferContext {
  /** CAs that this host trusts, as far as whoever passes the offer on says so. */
  readonly roots: readonly CertificateFacts[];
  /** The CA that the join string of this host pins. */
  readonly authority: string | undefined;
  /** Whether root of this host chooses the manager that offers it. */
  readonly isChosen: boolean;
}

/**
 * Decides about a key that the manager offers. Where one is pinned, only one that it has signed, or that root chooses, takes its
 * place; where none is, a join string says whose word counts, and without one whoever comes first is believed.
 */
export function judgeOffer(
  held: HostJobKey & Partial<Pin>,
  offer: JobKeyOffer,
  { roots, authority, isChosen }: OfferContext,
): OfferVerdict {
  if (!isVouchedFor(offer, roots)) return { kind: 'unvouched' };
  const offered = jobKeyFingerprint(offer.key);
  const isCertified =
    authority !== undefined &&
    isVouchedFor(
      offer,
      roots.filter((one) => matchesFingerprint(one.pem, authority)),
    );
  const isRoots = isChosen || held.next === offered;
  const way = wayOf({ isCertified, isRoots });
  const pin = (by: JobKeyWay): HostJobKey => ({ pinned: offered, by, foreign: null });
  if (held.pinned === offered) {
    const by = isRoots || held.by === 'first_sight' || held.by === null ? way : held.by;
    const isSame = held.foreign === null && by === held.by;
    return isSame ? { kind: 'known' } : { kind: 'pinned', pin: pin(by), followed: false };
  }
  if (!isRoots && held.pinned !== null) return instead(held, held.pinned, offer);
  // Root may have said that none is to be pinned.
  if (!isRoots && held.by !== null) return { kind: 'known' };
  if (authority !== undefined && !isCertified) return { kind: 'uncertified', authority };
  return { kind: 'pinned', pin: pin(way), followed: false };
}

function wayOf({ isCertified, isRoots }: { readonly isCertified: boolean; readonly isRoots: boolean }) {
  if (isCertified) return 'join';
  return isRoots ? 'root' : 'first_sight';
}

/** A key other than the pinned one, for which nobody speaks but the manager that offers it. */
function instead(held: HostJobKey & Partial<Pin>, pinned: string, offer: JobKeyOffer): OfferVerdict {
  const offered = jobKeyFingerprint(offer.key);
  const { by } = held;
  if (leadsToJobKey(pinned, offer))
    return { kind: 'pinned', pin: { pinned: offered, by, foreign: null }, followed: true };
  if (held.replaced?.includes(offered))
    return held.refused === offered ? { kind: 'known' } : { kind: 'replaced', offered, pinned };
  return held.foreign === offered
    ? { kind: 'known' }
    : { kind: 'foreign', pin: { pinned, by, foreign: offered } };
}
