import { AGENT_ROUTES, PackageName, PatchError, readPathParameter } from '@linux-patch/contract';
import { listPackages } from '../../listings/packages.ts';
import { type RouteServer } from '../agent-request.ts';
import { serveChange } from '../serve-change.ts';
import { serveListing } from '../serve-listing.ts';
import { serveRoute } from '../serve-route.ts';
import type { ServedListings } from '../served-listings.ts';

/** `/api/v1/packages` and what is below it. */
export function servePackages(server: RouteServer, sources: ServedListings): void {
  const { inventory } = sources;
  serveListing(server, AGENT_ROUTES.listPackages, async ({ query }) => {
    if (query.refresh) await sources.refreshNow();
    return listPackages(sources, query);
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
