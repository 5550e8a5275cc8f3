import type { PackageCache } from '@linux-patch/worker';
import type { ListingSources } from '../listings/sources.ts';

/** What listings are made from, and how somebody who asks for one has them made of newer lists. */
export interface ServedListings extends ListingSources {
  readonly cache: PackageCache;
  /** Asks the package sources for news, for somebody who waits for it. */
  readonly refreshNow: () => Promise<void>;
}
