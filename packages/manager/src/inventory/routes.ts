import { DEFAULT_PAGE, MANAGER_ADMIN_ROUTES, PackageName, readPathParameter } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Database } from '../database/open.ts';
import type { HostStore } from '../hosts/store.ts';
import type { Routes } from '../http/routes.ts';
import { type Freshness, getHostState, readFigures, readHostStates } from './fleet-state.ts';
import { readHolders } from './holders.ts';
import { readHostChanges } from './host-changes.ts';
import { readHostPackages } from './host-packages.ts';
import { readWaiting, readWaitingHosts } from './waiting.ts';

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

const nameIn = (parameter: (name: string) => string): string =>
  readPathParameter(PackageName, 'name', parameter('name'));
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
  routes.serve(MANAGER_ADMIN_ROUTES.hostChanges, async ({ parameter, query }) => {
    const { id } = await hosts.get(parameter('id'));
    const read = await readHostChanges(db, id, pageOf(query));
    return { host: await getHostState(db, freshness(), id), ...read };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.packageInventory, async ({ parameter, query }) => {
    const at = freshness();
    const asked = { name: nameIn(parameter), below: query.below, ...pageOf(query) };
    return { figures: await readFigures(db, at), ...(await readHolders(db, at, asked)) };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.updateInventory, async ({ query }) => {
    const at = freshness();
    const asked = { security: query.security, ...pageOf(query) };
    return { figures: await readFigures(db, at), ...(await readWaiting(db, at, asked)) };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.packageUpdates, async ({ parameter, query }) => {
    const at = freshness();
    const asked = { name: nameIn(parameter), security: query.security, ...pageOf(query) };
    return { figures: await readFigures(db, at), ...(await readWaitingHosts(db, at, asked)) };
  });
}
