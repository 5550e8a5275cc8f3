import { AGENT_ROUTES } from '@linux-patch/contract';
import { listPatches, refuseUnknownNames } from '../../listings/patches.ts';
import type { RouteServer } from '../agent-request.ts';
import { serveChange } from '../serve-change.ts';
import { serveListing } from '../serve-listing.ts';
import type { ServedListings } from '../served-listings.ts';

/** `/api/v1/patches`. */
export function servePatches(server: RouteServer, sources: ServedListings): void {
  serveListing(server, AGENT_ROUTES.listPatches, async ({ query }) => {
    if (query.refresh) await sources.refreshNow();
    return listPatches(sources, query);
  });
  serveChange(server, AGENT_ROUTES.applyPatches, {
    check: async (request) => {
      if (request.operation === 'patch_apply') await refuseUnknownNames(request, sources);
    },
  });
}
