import {
  AGENT_ROUTES,
  compareText,
  type Package,
  type PackageList,
  PackageName,
  type PackageQuery,
  PatchError,
  readPathParameter,
} from '@linux-patch/contract';
import { matchesGlob, type PackageInventory } from '@linux-patch/worker';
import { type RouteServer } from '../agent-request.ts';
import { serveChange } from '../serve-change.ts';
import { serveListing } from '../serve-listing.ts';
import { serveRoute } from '../serve-route.ts';
import { describeLists, type ListingSources } from './package-lists.ts';
import { pageOf } from './paging.ts';

/** `/api/v1/packages` and what is below it. */
export function servePackages(server: RouteServer, sources: ListingSources): void {
  const { inventory } = sources;
  serveListing(server, AGENT_ROUTES.listPackages, async ({ query }) => {
    const { refresh, ...asked } = query;
    if (refresh) await sources.refreshNow();
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
  });
  serveRoute(
    server,
    AGENT_ROUTES.getPackage,
    async ({ parameter }) => {
      const name = nameOf(parameter);
      const found = await inventory.findPackage(name);
      if (found) return found;
      throw new PatchError('PKG_NOT_FOUND', `No package named ${name} is installed or available.`, {
        details: { name },
      });
    },
    nameOf,
  );
  serveChange(server, AGENT_ROUTES.installPackages);
  serveChange(server, AGENT_ROUTES.updatePackage, { checkPath: nameOf });
  serveChange(server, AGENT_ROUTES.removePackage, { checkPath: nameOf });
  serveChange(server, AGENT_ROUTES.holdPackages);
  serveChange(server, AGENT_ROUTES.unholdPackages);
}

/** Names are checked before anything else is looked at. */
function nameOf(parameter: (name: string) => string): string {
  return readPathParameter(PackageName, 'name', parameter('name'));
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
