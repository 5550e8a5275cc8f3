import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { InstallSources } from './install.ts';
import { CreatedJoinToken, CreateJoinToken, JoinToken, JoinTokenList } from './tokens.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about hosts that join without a person. */
export const JOIN_TOKEN_ROUTES = {
  createToken: {
    method: 'POST',
    path: '/api/v1/tokens',
    auth: 'tokens:manage',
    stepUp: true,
    summary:
      'Make a join token, which lets hosts in without a person; its secret is in the answer and nowhere else',
    body: CreateJoinToken,
    bodyOptional: true,
    response: CreatedJoinToken,
    status: 200,
    errors: [...ADMIN_ERRORS, 'GROUP_NOT_FOUND'],
  },
  installSources: {
    method: 'GET',
    path: '/api/v1/install',
    auth: 'tokens:manage',
    summary: 'What hosts can install from this manager, and by what they know that it is that',
    response: InstallSources,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  listTokens: {
    method: 'GET',
    path: '/api/v1/tokens',
    auth: 'tokens:read',
    summary: 'Join tokens, newest first',
    response: JoinTokenList,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  getToken: {
    method: 'GET',
    path: '/api/v1/tokens/{id}',
    auth: 'tokens:read',
    summary: 'One join token and the hosts it let in',
    response: JoinToken,
    status: 200,
    errors: [...ADMIN_ERRORS, 'JOIN_TOKEN_NOT_FOUND'],
  },
  revokeToken: {
    method: 'POST',
    path: '/api/v1/tokens/{id}/revoke',
    auth: 'tokens:manage',
    summary: 'Let nobody in with this token any more; hosts that it let in stay',
    response: JoinToken,
    status: 200,
    errors: [...ADMIN_ERRORS, 'JOIN_TOKEN_NOT_FOUND'],
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
