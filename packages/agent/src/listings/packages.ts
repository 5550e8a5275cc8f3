import { compareText, type Package, type PackageList, type PackageQuery } from '@linux-patch/contract';
import { matchesGlob, type PackageInventory } from '@linux-patch/worker';
import type { Listing } from './listing.ts';
import { pageOf } from './paging.ts';
import { describeLists, type ListingSources } from './sources.ts';

/** The packages of this host that a query chooses. */
export async function listPackages(
  sources: ListingSources,
  query: PackageQuery,
): Promise<Listing<PackageList>> {
  const { inventory } = sources;
  const { refresh: _refreshed, ...asked } = query;
  const revision = await inventory.revision();
  const lists = await describeLists(sources);
  const make = async (): Promise<PackageList> => {
    // Where nobody knows what waits, this refuses; an empty list would say that nothing does.
    if (query.status === 'upgradable') await inventory.listPatches();
    const matching = (await inventory.listPackages()).filter((one) => matches(one, query));
    const page = pageOf(matching, query, comparison(query.sort ?? 'name', inventory));
    const { items: packages, total, limit, offset } = page;
    return { packages, total, limit, offset, revision, lists };
  };
  return { basis: { revision, asked, lists }, make };
}

function matches(one: Package, query: PackageQuery): boolean {
  if (query.name !== undefined && !matchesGlob(query.name, one.name)) return false;
  switch (query.status) {
    case 'upgradable':
      return one.upgradable;
    case 'held':
      return one.held;
    case 'available':
      return one.status === 'available';
    case 'installed':
      return one.status !== 'available';
    case 'all':
    case undefined:
      return true;
  }
}

function comparison(
  sort: NonNullable<PackageQuery['sort']>,
  inventory: PackageInventory,
): (a: Package, b: Package) => number {
  const byName = (a: Package, b: Package): number =>
    compareText(a.name, b.name) || compareText(a.architecture, b.architecture);
  switch (sort) {
    case 'name':
      return byName;
    case 'version':
      return (a, b) => inventory.compareVersions(a.version, b.version) || byName(a, b);
    case 'size':
      return (a, b) => (a.size_bytes ?? 0) - (b.size_bytes ?? 0) || byName(a, b);
  }
}
