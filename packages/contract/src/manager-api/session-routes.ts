import { z } from 'zod';
import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { OwnPasswordChange } from './people.ts';
import { EndSessions, OwnSession, SessionList, SessionsEnded } from './sessions.ts';

/** The part of `MANAGER_ADMIN_ROUTES` that people who signed in call about themselves. */
export const SESSION_ROUTES = {
  ownSession: {
    method: 'GET',
    path: '/api/v1/session',
    auth: 'person',
    summary: 'Who is signed in, and what they may do',
    response: OwnSession,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  signOut: {
    method: 'DELETE',
    path: '/api/v1/session',
    auth: 'person',
    summary: 'Sign out',
    response: z.object({}),
    status: 200,
    errors: ADMIN_ERRORS,
  },
  ownSessions: {
    method: 'GET',
    path: '/api/v1/me/sessions',
    auth: 'person',
    summary: 'Where one is signed in, newest first',
    response: SessionList,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  endOwnSessions: {
    method: 'POST',
    path: '/api/v1/me/sessions/end',
    auth: 'person',
    summary: 'Sign out elsewhere',
    body: EndSessions,
    bodyOptional: true,
    response: SessionsEnded,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  changeOwnPassword: {
    method: 'POST',
    path: '/api/v1/me/password',
    auth: 'person',
    summary: "Choose another password; ends all of the person's sessions, this one too",
    body: OwnPasswordChange,
    response: SessionsEnded,
    status: 200,
    errors: ADMIN_ERRORS,
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
