import type { Route } from '../route.ts';
import { InstanceHeaders, JobHeaders } from './job-headers.ts';
import { JobAccepted } from './jobs.ts';
import { CHANGE_ERRORS, READ_ERRORS } from './route-errors.ts';
import { ServiceList, ServiceQuery, ServiceState } from './services.ts';
import { RebootRequest, SystemInfo } from './system.ts';

/** The part of `AGENT_ROUTES` about the host itself. */
export const SYSTEM_ROUTES = {
  systemInfo: {
    method: 'GET',
    path: '/api/v1/system/info',
    auth: 'client-certificate',
    summary: 'Facts about the host',
    headers: InstanceHeaders,
    response: SystemInfo,
    status: 200,
    errors: READ_ERRORS,
  },
  listServices: {
    method: 'GET',
    path: '/api/v1/system/services',
    auth: 'client-certificate',
    summary: 'Services that run, and which of them run code that was replaced',
    description:
      'Of every process on the host the programs and libraries that it runs are compared with what lies under their paths now. ' +
      'Scripts are not seen: of an interpreted program its interpreter and libraries are.',
    headers: InstanceHeaders,
    query: ServiceQuery,
    response: ServiceList,
    status: 200,
    errors: [...READ_ERRORS, 'SERVICE_UNHEALTHY'],
  },
  serviceState: {
    method: 'GET',
    path: '/api/v1/system/services/{name}',
    auth: 'client-certificate',
    summary: 'One service of systemd: its state, and whether it runs code that was replaced',
    headers: InstanceHeaders,
    response: ServiceState,
    status: 200,
    errors: [...READ_ERRORS, 'SERVICE_NOT_FOUND', 'NOT_SUPPORTED', 'SERVICE_UNHEALTHY'],
  },
  restartService: {
    method: 'POST',
    path: '/api/v1/system/services/{name}/restart',
    auth: 'client-certificate',
    summary: 'Restart a service of systemd that runs',
    description:
      'Needs `restart-service` in `allowed_operations` of the policy of the host. What cuts off sessions, the network, the host or this agent is refused by its names and by what is restarted with it, and what does not run is not started. ' +
      'The job fails with `SERVICE_RESTART_ERROR` when the service does not run a moment later.',
    headers: JobHeaders,
    response: JobAccepted,
    status: 202,
    errors: [...CHANGE_ERRORS, 'SERVICE_RESTART_REFUSED'],
  },
  rebootHost: {
    method: 'POST',
    path: '/api/v1/system/reboot',
    auth: 'client-certificate',
    summary: 'Reboot the host, now or after a delay',
    description:
      'Whether it needs a reboot or not. Needs `reboot` in `allowed_operations` of the policy of the host, and a window of it at the time of the reboot. Waits until no job changes packages. ' +
      'The job has ended when the reboot is scheduled, or right before it when there is no delay; `boot_id` of `GET /system/info` tells that it has happened.',
    headers: JobHeaders,
    body: RebootRequest,
    bodyOptional: true,
    response: JobAccepted,
    status: 202,
    errors: CHANGE_ERRORS,
  },
  cancelReboot: {
    method: 'POST',
    path: '/api/v1/system/reboot/cancel',
    auth: 'client-certificate',
    summary: 'Cancel a reboot of the host that is still to come, whoever asked for it',
    description:
      'Needs `reboot` in `allowed_operations` of the policy of the host, at any time. Waits for no other job.',
    headers: JobHeaders,
    response: JobAccepted,
    status: 202,
    errors: CHANGE_ERRORS,
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
