import {
  DEFAULT_HISTORY_DAYS,
  DEFAULT_PAGE,
  MANAGER_ADMIN_ROUTES,
  PackageName,
  readPathParameter,
} from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { HostStore } from '../hosts/store.ts';
import type { ManagerRequest } from '../http/manager-request.ts';
import type { Routes } from '../http/routes.ts';
import type { Reach } from '../reach/reach.ts';
import { readDays } from './fleet-daily.ts';
import type { FleetRecords, Page } from './fleet-question.ts';
import { type FleetView, getHostState, readFigures, readHostStates } from './fleet-state.ts';
import { readHolders } from './holders.ts';
import { readHostChanges } from './host-changes.ts';
import { readHostPackages } from './host-packages.ts';
import { readKnownPackages } from './known-packages.ts';
import { readMissing } from './missing.ts';
import { readUpdateAges } from './update-ages.ts';
import { readWaiting, readWaitingHosts } from './waiting.ts';

export interface InventoryRouteSources extends FleetRecords {
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
const pageOf = ({ limit = DEFAULT_PAGE, offset = 0 }: Asked): Page => ({ limit, offset });

/** What the manager knows of the packages of its hosts; no host is asked. */
export function serveInventoryRoutes(routes: Routes, sources: InventoryRouteSources): void {
  const { reads: db, hosts, clock, lifeMs } = sources;
  const viewOf = (sees: Reach, { signal }: ManagerRequest): FleetView => ({
    nowMs: clock.now(),
    lifeMs,
    signal,
    reach: sees,
  });
  routes.serve(MANAGER_ADMIN_ROUTES.inventory, async ({ query, request, sees }) => {
    const at = viewOf(sees, request);
    const listed = await readHostStates(db, at, { state: query.state, ...pageOf(query) });
    return { figures: await readFigures(db, at), ...listed };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.fleetHistory, async ({ query, request, sees }) => ({
    days: await readDays(db, viewOf(sees, request), query.days ?? DEFAULT_HISTORY_DAYS),
  }));
  routes.serve(MANAGER_ADMIN_ROUTES.hostInventory, async ({ parameter, query, request, sees }) => {
    const { id } = await hosts.get(parameter('id'));
    const listed = await readHostPackages(db, id, { name: query.name, ...pageOf(query) });
    return { host: await getHostState(db, viewOf(sees, request), id), ...listed };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.hostChanges, async ({ parameter, query, request, sees }) => {
    const { id } = await hosts.get(parameter('id'));
    const read = await readHostChanges(db, id, pageOf(query));
    return { host: await getHostState(db, viewOf(sees, request), id), ...read };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.packageInventory, async ({ parameter, query, request, sees }) => {
    const at = viewOf(sees, request);
    const asked = { name: nameIn(parameter), below: query.below, ...pageOf(query) };
    return { figures: await readFigures(db, at), ...(await readHolders(sources, at, asked)) };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.packageMissing, async ({ parameter, query, request, sees }) => {
    const at = viewOf(sees, request);
    const asked = { name: nameIn(parameter), atLeast: query.at_least, ...pageOf(query) };
    return { figures: await readFigures(db, at), ...(await readMissing(sources, at, asked)) };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.knownPackages, async ({ query, request, sees }) => {
    const at = viewOf(sees, request);
    const asked = { pattern: query.name, ...pageOf(query) };
    return { figures: await readFigures(db, at), ...(await readKnownPackages(sources, at.signal, asked)) };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.updateInventory, async ({ query, request, sees }) => {
    const at = viewOf(sees, request);
    const asked = { security: query.security, age: query.age, ...pageOf(query) };
    return { figures: await readFigures(db, at), ...(await readWaiting(db, at, asked)) };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.updateAges, async ({ request, sees }) => {
    const at = viewOf(sees, request);
    return { figures: await readFigures(db, at), ages: await readUpdateAges(db, at) };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.packageUpdates, async ({ parameter, query, request, sees }) => {
    const at = viewOf(sees, request);
    const asked = { name: nameIn(parameter), security: query.security, age: query.age, ...pageOf(query) };
    return { figures: await readFigures(db, at), ...(await readWaitingHosts(db, at, asked)) };
  });
}
