import type { ListSource, PackageLists } from '@linux-patch/contract';
import { isoOf } from '@linux-patch/contract';
import type { PackageCache, PackageInventory, SourceState } from '@linux-patch/worker';

/** What listings are made from. */
export interface ListingSources {
  readonly inventory: PackageInventory;
  readonly cache: PackageCache;
  /** Asks the package sources for news, for somebody who waits for it. */
  readonly refreshNow: () => Promise<void>;
}

/** What a listing stands on, as it is now. */
export async function describeLists({ inventory, cache }: ListingSources): Promise<PackageLists> {
  const sources = await inventory.sources();
  cache.noteSources(sources);
  return {
    ...cache.verdict(),
    refreshed_at: isoOf(cache.lastUpdateMs),
    sources: sources.map(describeSource),
  };
}

function describeSource(one: SourceState): ListSource {
  return {
    uri: one.uri,
    label: one.label ?? null,
    suite: one.suite ?? null,
    codename: one.codename ?? null,
    security: one.security,
    present: one.present,
    published_at: isoOf(one.publishedAtMs),
    valid_until: isoOf(one.validUntilMs),
  };
}
