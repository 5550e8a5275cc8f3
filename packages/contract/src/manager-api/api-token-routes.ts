import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { ApiToken, ApiTokenList, CreateApiToken, CreatedApiToken } from './api-tokens.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about API tokens. */
export const API_TOKEN_ROUTES = {
  createApiToken: {
    method: 'POST',
    path: '/api/v1/api-tokens',
    auth: 'api-tokens:manage',
    stepUp: true,
    summary:
      'Make an API token, with which a program calls over HTTPS as far as its role goes; its secret is in the answer and nowhere else',
    body: CreateApiToken,
    response: CreatedApiToken,
    status: 200,
    errors: [...ADMIN_ERRORS, 'API_TOKEN_CONFLICT', 'GROUP_NOT_FOUND'],
  },
  listApiTokens: {
    method: 'GET',
    path: '/api/v1/api-tokens',
    auth: 'api-tokens:read',
    summary: 'API tokens, newest first',
    response: ApiTokenList,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  revokeApiToken: {
    method: 'POST',
    path: '/api/v1/api-tokens/{name}/revoke',
    auth: 'api-tokens:manage',
    summary: 'Accept this API token no more, from now on',
    response: ApiToken,
    status: 200,
    errors: [...ADMIN_ERRORS, 'API_TOKEN_NOT_FOUND'],
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
