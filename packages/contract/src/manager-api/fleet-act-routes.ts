import { JobHeaders } from '../agent-api/job-headers.ts';
import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { FleetAct, FleetActs, FleetActsQuery, StartAct } from './fleet-acts.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about what is asked of many hosts at once. */
export const FLEET_ACT_ROUTES = {
  startAct: {
    method: 'POST',
    path: '/api/v1/acts',
    auth: 'hosts:patch',
    about: 'hosts',
    summary:
      'Have something done on many hosts: for all that are named, or, when one of them cannot be meant, for none',
    description:
      'Answers when it is on record. Each host is asked once, when its turn comes, also after a restart of the manager; `GET /jobs?act=ID` has what becomes of it. ' +
      'The same key with the same request is the same act.',
    headers: JobHeaders.pick({ 'Idempotency-Key': true }),
    body: StartAct,
    response: FleetAct,
    status: 202,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND', 'IDEMPOTENCY_CONFLICT'],
  },
  acts: {
    method: 'GET',
    path: '/api/v1/acts',
    auth: 'hosts:read',
    about: 'hosts',
    summary: 'What this manager was asked to have done on many hosts; two years are kept',
    query: FleetActsQuery,
    response: FleetActs,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  act: {
    method: 'GET',
    path: '/api/v1/acts/{id}',
    auth: 'hosts:read',
    about: 'hosts',
    summary: 'One of these, and how it stands on its hosts',
    response: FleetAct,
    status: 200,
    errors: [...ADMIN_ERRORS, 'ACT_NOT_FOUND'],
  },
  stopAct: {
    method: 'POST',
    path: '/api/v1/acts/{id}/stop',
    auth: 'hosts:patch',
    about: 'hosts',
    summary: 'Stop it: hosts that were not asked yet are never asked; what others have begun goes on',
    response: FleetAct,
    status: 200,
    errors: [...ADMIN_ERRORS, 'ACT_NOT_FOUND', 'JOB_CONFLICT'],
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
