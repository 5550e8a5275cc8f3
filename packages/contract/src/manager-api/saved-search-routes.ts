import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { CreateSearch, SavedSearch, SavedSearchList, SearchChange } from './saved-searches.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about saved searches. `{name}` of one is found in either case. */
export const SAVED_SEARCH_ROUTES = {
  listSearches: {
    method: 'GET',
    path: '/api/v1/searches',
    auth: 'hosts:read',
    summary: 'Saved searches, by name',
    response: SavedSearchList,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  createSearch: {
    method: 'POST',
    path: '/api/v1/searches',
    auth: 'hosts:group',
    summary: 'Give a selection of hosts a name, by which everybody can use it',
    body: CreateSearch,
    response: SavedSearch,
    status: 200,
    errors: [...ADMIN_ERRORS, 'SEARCH_CONFLICT', 'HOST_NOT_FOUND', 'GROUP_NOT_FOUND'],
  },
  getSearch: {
    method: 'GET',
    path: '/api/v1/searches/{name}',
    auth: 'hosts:read',
    summary: 'One saved search',
    response: SavedSearch,
    status: 200,
    errors: [...ADMIN_ERRORS, 'SEARCH_NOT_FOUND'],
  },
  changeSearch: {
    method: 'PUT',
    path: '/api/v1/searches/{name}',
    auth: 'hosts:group',
    summary: 'Another selection under this name',
    body: SearchChange,
    response: SavedSearch,
    status: 200,
    errors: [...ADMIN_ERRORS, 'SEARCH_NOT_FOUND', 'HOST_NOT_FOUND', 'GROUP_NOT_FOUND'],
  },
  deleteSearch: {
    method: 'DELETE',
    path: '/api/v1/searches/{name}',
    auth: 'hosts:group',
    summary: 'Delete a saved search',
    response: SavedSearch,
    status: 200,
    errors: [...ADMIN_ERRORS, 'SEARCH_NOT_FOUND'],
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
