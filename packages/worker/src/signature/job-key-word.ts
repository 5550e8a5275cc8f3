import { HostJobKey, JobKeyFingerprint, JobKeyOffer, lazily } from '@linux-patch/contract';
import { z } from 'zod';

/** As many CAs as hosts trust, and more. */
const Roots = z.string().max(65_536);

/** What is said about the key that signs changes. */
export const JobKeyWord = lazily(() =>
  z.discriminatedUnion('kind', [
    /** A manager offers one; CAs that may vouch for it, PEM. */
    z.strictObject({ kind: z.literal('offered'), offer: JobKeyOffer, roots: Roots }),
    /** Root joins the manager that offers it; it counts once the certificates of that are installed. */
    z.strictObject({
      kind: z.literal('chosen'),
      offer: JobKeyOffer,
      roots: Roots,
      installed: z.boolean(),
    }),
    /** Root says which one counts, or that none has to. */
    z.strictObject({ kind: z.literal('trusted'), fingerprint: JobKeyFingerprint.nullable() }),
    /** Root has this host leave its manager. */
    z.strictObject({ kind: z.literal('left') }),
  ]),
);
export type JobKeyWord = z.infer<typeof JobKeyWord>;

/** What became of it, as `OfferVerdict` says; what was pinned before lies beside. */
export const JobKeyAnswer = lazily(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('known') }),
    z.strictObject({ kind: z.literal('unvouched') }),
    z.strictObject({ kind: z.literal('uncertified'), authority: z.string().max(128) }),
    z.strictObject({
      kind: z.literal('pinned'),
      pin: HostJobKey,
      followed: z.boolean(),
      before: JobKeyFingerprint.nullable(),
    }),
    z.strictObject({ kind: z.literal('replaced'), offered: JobKeyFingerprint, pinned: JobKeyFingerprint }),
    z.strictObject({ kind: z.literal('foreign'), pin: HostJobKey }),
    /** What counts here cannot be read, so nothing was changed. */
    z.strictObject({ kind: z.literal('unknown'), message: z.string().max(65_536) }),
  ]),
);
export type JobKeyAnswer = z.infer<typeof JobKeyAnswer>;
