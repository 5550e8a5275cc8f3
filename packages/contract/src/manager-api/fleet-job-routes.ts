import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { FleetJobs, FleetJobsQuery } from './fleet-jobs.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about what the manager had done on its hosts; no host is asked. */
export const FLEET_JOB_ROUTES = {
  fleetJobs: {
    method: 'GET',
    path: '/api/v1/jobs',
    auth: 'hosts:read',
    about: 'hosts',
    summary:
      'What this manager was asked to have done on hosts, by whom, and what became of it; two years are kept',
    query: FleetJobsQuery,
    response: FleetJobs,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
