import { HiddenSecurityUpdate, lazily, Package, PackageDetail, Patch } from '@linux-patch/contract';
import { z } from 'zod';
import { SourcesAnswer } from './package-lists.ts';

/** More than any host has. */
const MOST_PACKAGES = 200_000;
const Text = z.string().max(4_096);
const Instant = z.number().nonnegative();

/** Files and folders on which a reading stands, see `WatchedFiles`. */
const Watched = lazily(() =>
  z.strictObject({
    files: z.array(Text).max(1_000),
    folders: z.array(Text).max(1_000),
  }),
);

/** Of which state of the host a listing is. */
export const ListingState = z.strictObject({
  /** Names the state of `watched` right before the host was asked: the listing is at least as new. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  watched: Watched,
});
export type ListingState = z.infer<typeof ListingState>;

/** What is installed on a host, what waits, and what that stands on. Instants are epoch milliseconds. */
export const PackageListing = lazily(() =>
  ListingState.extend({
    /** The package manager, such as `apt`. */
    manager: Text,
    packages: z.array(Package).max(MOST_PACKAGES),
    /** For each package, in the same order, where its version stands among all of them by the rules of the distribution. */
    versionRanks: z.array(z.int().nonnegative()).max(MOST_PACKAGES),
    /** Pending updates, held and phased ones included; or why nobody knows what waits. */
    updates: z.union([
      z.strictObject({
        patches: z.array(Patch).max(MOST_PACKAGES),
        hiddenSecurity: z.array(HiddenSecurityUpdate).max(10_000),
      }),
      z.strictObject({ unknown: z.string().max(65_536) }),
    ]),
    sources: SourcesAnswer,
    listedAtMs: Instant,
  }),
);
export type PackageListing = z.infer<typeof PackageListing>;

/** Answer to `detail`; null for a package that is neither installed nor available. */
export const DetailAnswer = PackageDetail.nullable();
