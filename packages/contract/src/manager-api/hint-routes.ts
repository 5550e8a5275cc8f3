import { z } from 'zod';
import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { HintsQuery } from './hints.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about changes of the manager's records. */
export const HINT_ROUTES = {
  events: {
    method: 'GET',
    path: '/api/v1/events',
    auth: 'status:read',
    about: 'hosts',
    summary: 'Server-sent events that say what kind of records changed',
    description:
      'A `hint` has `changed`, the topics to ask for again: of those that the caller may read, each at most once a second. Its id, in `Last-Event-ID` or `after`, resumes without a loss. ' +
      'An `over` says that coming back at once is of no use: the caller is not let in any more, or opened newer streams. Else a stream ends after ten minutes, and when the manager stops.',
    query: HintsQuery,
    response: z.string(),
    bare: true,
    mediaType: 'text/event-stream',
    status: 200,
    errors: ADMIN_ERRORS,
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
