import { DEFAULT_PAGE, MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Database } from '../database/open.ts';
import type { HostStore } from '../hosts/store.ts';
import type { Routes } from '../http/routes.ts';
import { type Freshness, getHostState, readFigures, readHostStates } from './fleet-state.ts';
import { readHostPackages } from './host-packages.ts';

export interface InventoryRouteSources {
  readonly db: Database;
  readonly hosts: HostStore;
  readonly clock: Clock;
  /** How old a listing may be that counts. */
  readonly lifeMs: number;
}

interface Asked {
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

const pageOf = ({ limit = DEFAULT_PAGE, offset = 0 }: Asked) => ({ limit, offset });

/** What the manager knows of the packages of its hosts; no host is asked. */
export function serveInventoryRoutes(routes: Routes, sources: InventoryRouteSources): void {
  const { db, hosts, clock, lifeMs } = sources;
  const freshness = (): Freshness => ({ nowMs: clock.now(), lifeMs });
  routes.serve(MANAGER_ADMIN_ROUTES.inventory, async ({ query }) => {
    const at = freshness();
    const listed = await readHostStates(db, at, { state: query.state, ...pageOf(query) });
    return { figures: await readFigures(db, at), ...listed };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.hostInventory, async ({ parameter, query }) => {
    const { id } = await hosts.get(parameter('id'));
    const listed = await readHostPackages(db, id, { name: query.name, ...pageOf(query) });
    return { host: await getHostState(db, freshness(), id), ...listed };
  });
}
