import { JobHeaders } from '../agent-api/job-headers.ts';
import { JobAccepted, RollbackRequest } from '../agent-api/jobs.ts';
import { HoldRequest, InstallRequest, RemoveQuery } from '../agent-api/packages.ts';
import { PackagePlanRequest, Plan, PlanQuery } from '../agent-api/plans.ts';
import type { Route } from '../route.ts';
import { HOST_CALL_ERRORS, HOST_CHANGE_ERRORS } from './admin-errors.ts';
import { HostInventory } from './inventory.ts';

const headers = JobHeaders.pick({ 'Idempotency-Key': true });
const KEY = 'The key is passed on to the agent; a repetition with it is the same job.';

/** The part of `MANAGER_ADMIN_ROUTES` about packages of a host that are named. */
export const HOST_PACKAGE_ROUTES = {
  hostInstall: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/packages',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Install packages on the host',
    description: KEY,
    headers,
    body: InstallRequest,
    response: JobAccepted,
    status: 202,
    errors: [...HOST_CHANGE_ERRORS, 'PKG_NOT_FOUND', 'VERSION_NOT_AVAILABLE'],
  },
  hostRemove: {
    method: 'DELETE',
    path: '/api/v1/hosts/{id}/packages/{name}',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Remove a package from the host',
    description: KEY,
    headers,
    query: RemoveQuery,
    response: JobAccepted,
    status: 202,
    errors: [...HOST_CHANGE_ERRORS, 'PKG_NOT_FOUND'],
  },
  hostHold: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/packages/hold',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Let packages of the host stay at their versions, whatever is applied',
    description: KEY,
    headers,
    body: HoldRequest,
    response: JobAccepted,
    status: 202,
    errors: [...HOST_CHANGE_ERRORS, 'PKG_NOT_FOUND'],
  },
  hostUnhold: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/packages/unhold',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Let held packages of the host be changed again',
    description: KEY,
    headers,
    body: HoldRequest,
    response: JobAccepted,
    status: 202,
    errors: [...HOST_CHANGE_ERRORS, 'PKG_NOT_FOUND'],
  },
  hostRollback: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/jobs/{job}/rollback',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Bring packages of the host back to the versions that they had before a job',
    description: `All of them, or none. ${KEY}`,
    headers,
    body: RollbackRequest,
    bodyOptional: true,
    response: JobAccepted,
    status: 202,
    errors: [...HOST_CHANGE_ERRORS, 'JOB_NOT_FOUND', 'JOB_CONFLICT'],
  },
  hostPackagePlan: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/packages/plan',
    auth: 'hosts:read',
    about: 'host',
    summary: 'What an installation, update, removal or rollback would do on the host, asked from it now',
    query: PlanQuery,
    body: PackagePlanRequest,
    response: Plan,
    status: 200,
    errors: [
      ...HOST_CALL_ERRORS,
      'PKG_NOT_FOUND',
      'VERSION_NOT_AVAILABLE',
      'DEPENDENCY_CONFLICT',
      'JOB_NOT_FOUND',
      'JOB_CONFLICT',
    ],
  },
  hostRefresh: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/refresh',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Let the host ask its package sources for news, and list it anew',
    response: HostInventory,
    status: 200,
    errors: [...HOST_CALL_ERRORS],
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
