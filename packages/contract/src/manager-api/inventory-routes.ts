import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { FleetInventory, HostInventoryQuery, HostPackages, InventoryQuery } from './inventory.ts';
import {
  HostChanges,
  HostChangesQuery,
  PackageHolders,
  PackageHoldersQuery,
  PackageUpdates,
  UpdateQuery,
  WaitingUpdates,
} from './inventory-questions.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about what the manager knows of the packages of its hosts; no host is asked. */
export const INVENTORY_ROUTES = {
  inventory: {
    method: 'GET',
    path: '/api/v1/inventory',
    auth: 'hosts:read',
    summary: 'How many hosts are current, behind and unknown, and each of them',
    query: InventoryQuery,
    response: FleetInventory,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  hostInventory: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/inventory',
    auth: 'hosts:read',
    summary: 'What the host had installed when it was last listed, and what waited on it',
    query: HostInventoryQuery,
    response: HostPackages,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  packageInventory: {
    method: 'GET',
    path: '/api/v1/inventory/packages/{name}',
    auth: 'hosts:read',
    summary: 'Which hosts had a package installed when they were listed last, by version',
    query: PackageHoldersQuery,
    response: PackageHolders,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  updateInventory: {
    method: 'GET',
    path: '/api/v1/inventory/updates',
    auth: 'hosts:read',
    summary: 'What waits on how many hosts, security updates first',
    query: UpdateQuery,
    response: WaitingUpdates,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  packageUpdates: {
    method: 'GET',
    path: '/api/v1/inventory/updates/{name}',
    auth: 'hosts:read',
    summary: 'On which hosts updates of a package wait',
    query: UpdateQuery,
    response: PackageUpdates,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  hostChanges: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/changes',
    auth: 'hosts:read',
    summary: 'What changed on the host from listing to listing, and which job did it; two years are kept',
    query: HostChangesQuery,
    response: HostChanges,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
