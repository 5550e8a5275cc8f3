import type { ListSource, PackageLists } from '@linux-patch/contract';
import { isoOf } from '@linux-patch/contract';
import type { PackageCache, PackageInventory, SourceHistory, SourceState } from '@linux-patch/worker';

/** What listings are made from. */
export interface ListingSources {
  readonly inventory: PackageInventory;
  readonly cache: Pick<PackageCache, 'noteSources' | 'verdict' | 'lastUpdateMs' | 'historyOf'>;
}

/** What a listing stands on, as it is now. */
export async function describeLists({ inventory, cache }: ListingSources): Promise<PackageLists> {
  const sources = await inventory.sources();
  cache.noteSources(sources);
  return {
    ...cache.verdict(),
    refreshed_at: isoOf(cache.lastUpdateMs),
    sources: sources.map((one) => describeSource(one, cache.historyOf(one))),
  };
}

/** The last instant that has a date of four digits. */
const LAST_MS = Date.UTC(10_000, 0) - 1;

/** What the owner of a source writes may be a time that nobody can tell. */
function toldAt(epochMs: number | undefined): string | null {
  return epochMs !== undefined && epochMs >= 0 && epochMs <= LAST_MS ? isoOf(epochMs) : null;
}

function describeSource(one: SourceState, { fetchedAtMs, error }: SourceHistory): ListSource {
  return {
    uri: one.uri,
    label: one.label ?? null,
    suite: one.suite ?? null,
    codename: one.codename ?? null,
    security: one.security,
    present: one.present,
    fetched_at: isoOf(fetchedAtMs),
    published_at: toldAt(one.publishedAtMs),
    valid_until: toldAt(one.validUntilMs),
    ...(error === undefined ? {} : { error }),
  };
}
