import { JobHeaders } from '../agent-api/job-headers.ts';
import { JobAccepted } from '../agent-api/jobs.ts';
import { ServiceList, ServiceQuery, ServiceState } from '../agent-api/services.ts';
import { RebootRequest } from '../agent-api/system.ts';
import type { Route } from '../route.ts';
import { HOST_CALL_ERRORS, HOST_CHANGE_ERRORS } from './admin-errors.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about services of a host, and about its reboot. */
export const HOST_SERVICE_ROUTES = {
  hostServices: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/services',
    auth: 'hosts:read',
    about: 'host',
    summary: 'Services that run on the host, and which of them run code that was replaced, asked from it now',
    query: ServiceQuery,
    response: ServiceList,
    status: 200,
    errors: HOST_CALL_ERRORS,
  },
  hostService: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/services/{name}',
    auth: 'hosts:read',
    about: 'host',
    summary: 'How one service of the host is, asked from it now',
    response: ServiceState,
    status: 200,
    errors: [...HOST_CALL_ERRORS, 'SERVICE_NOT_FOUND', 'NOT_SUPPORTED'],
  },
  hostServiceRestart: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/services/{name}/restart',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Restart a service of the host',
    description:
      'A job of the host, where its policy allows `restart-service`. The key is passed on to the agent; a repetition with it is the same job.',
    headers: JobHeaders.pick({ 'Idempotency-Key': true }),
    response: JobAccepted,
    status: 202,
    errors: [...HOST_CHANGE_ERRORS, 'SERVICE_RESTART_REFUSED'],
  },
  hostReboot: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/reboot',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Reboot the host, now or after a delay',
    description:
      'A job of the host, where its policy allows `reboot` at that time. The key is passed on to the agent; a repetition with it is the same job.',
    headers: JobHeaders.pick({ 'Idempotency-Key': true }),
    body: RebootRequest,
    bodyOptional: true,
    response: JobAccepted,
    status: 202,
    errors: HOST_CHANGE_ERRORS,
  },
  hostCancelReboot: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/reboot/cancel',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Cancel a reboot of the host that is still to come, whoever asked for it',
    description: 'A job of the host, where its policy allows `reboot`.',
    headers: JobHeaders.pick({ 'Idempotency-Key': true }),
    response: JobAccepted,
    status: 202,
    errors: HOST_CHANGE_ERRORS,
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
