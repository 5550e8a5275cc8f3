import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { FleetInventory, HostInventoryQuery, HostPackages, InventoryQuery } from './inventory.ts';

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
} as const satisfies Record<string, Omit<Route, 'id'>>;
