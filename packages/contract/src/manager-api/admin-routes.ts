import { z } from 'zod';
import { JobEventsQuery } from '../agent-api/job-events.ts';
import { JobHeaders } from '../agent-api/job-headers.ts';
import { Job, JobAccepted, JobDeleted, JobList, JobQuery } from '../agent-api/jobs.ts';
import { PackageList, PackageQuery } from '../agent-api/packages.ts';
import { ApplyRequest, PatchList, PatchQuery } from '../agent-api/patches.ts';
import { PatchPlanRequest, Plan, PlanQuery } from '../agent-api/plans.ts';
import { SystemInfo } from '../agent-api/system.ts';
import { METRICS_MEDIA_TYPE } from '../metrics/exposition.ts';
import { routeTable } from '../route.ts';
import { ADMIN_ERRORS, HOST_CALL_ERRORS, HOST_CHANGE_ERRORS } from './admin-errors.ts';
import { API_TOKEN_ROUTES } from './api-token-routes.ts';
import { AUDIT_ROUTES } from './audit-routes.ts';
import { AuthorityStatus, RotationRequest } from './authority.ts';
import { CERTIFICATE_ROUTES } from './certificate-routes.ts';
import { HostRemoved } from './certificates.ts';
import { RunningConfiguration } from './configuration.ts';
import { ApproveRequest, DenyRequest, Enrollment, EnrollmentList, EnrollmentQuery } from './enrollments.ts';
import { FLEET_ACT_ROUTES } from './fleet-act-routes.ts';
import { FLEET_JOB_ROUTES } from './fleet-job-routes.ts';
import { GROUP_ROUTES } from './group-routes.ts';
import { HINT_ROUTES } from './hint-routes.ts';
import { HOST_PACKAGE_ROUTES } from './host-package-routes.ts';
import { HOST_SERVICE_ROUTES } from './host-service-routes.ts';
import { Host, HostChange, HostList, HostQuery, HostRemoval } from './hosts.ts';
import { INVENTORY_ROUTES } from './inventory-routes.ts';
import { JobKeyStatus } from './job-key.ts';
import { JOIN_TOKEN_ROUTES } from './join-token-routes.ts';
import { LabelChange } from './labels.ts';
import { PEOPLE_ROUTES } from './people-routes.ts';
import { SAVED_SEARCH_ROUTES } from './saved-search-routes.ts';
import { SESSION_ROUTES } from './session-routes.ts';
import { ManagerStatus } from './status.ts';

/** What people and their programs call; each needs a permission. `{id}` of a host takes its id, name or address. */
export const MANAGER_ADMIN_ROUTES = routeTable({
  status: {
    method: 'GET',
    path: '/api/v1/status',
    auth: 'status:read',
    about: 'hosts',
    summary: 'State of the manager',
    response: ManagerStatus,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  configuration: {
    method: 'GET',
    path: '/api/v1/configuration',
    auth: 'settings:read',
    summary: 'The configuration that the manager runs with, and where each key of it is set',
    response: RunningConfiguration,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  ...HINT_ROUTES,
  metrics: {
    method: 'GET',
    path: '/metrics',
    auth: 'metrics:read',
    summary: "Metrics in Prometheus' text format",
    response: z.string(),
    bare: true,
    mediaType: METRICS_MEDIA_TYPE,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  authority: {
    method: 'GET',
    path: '/api/v1/ca',
    auth: 'ca:read',
    summary: 'The certificate authorities, their replacement, and which hosts have followed',
    response: AuthorityStatus,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  rotateCa: {
    method: 'POST',
    path: '/api/v1/ca/rotation',
    auth: 'ca:manage',
    stepUp: true,
    summary: 'One step of the replacement of the root CA',
    body: RotationRequest,
    response: AuthorityStatus,
    status: 200,
    errors: [...ADMIN_ERRORS, 'ROTATION_CONFLICT'],
  },
  jobKey: {
    method: 'GET',
    path: '/api/v1/job-key',
    auth: 'ca:read',
    summary: 'The key with which this manager signs changes, and which hosts pin it',
    response: JobKeyStatus,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  rotateJobKey: {
    method: 'POST',
    path: '/api/v1/job-key/rotation',
    auth: 'ca:manage',
    stepUp: true,
    summary:
      'Another job key in its place; the old one signs it, so that hosts follow, and is gone afterwards',
    response: JobKeyStatus,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  listEnrollments: {
    method: 'GET',
    path: '/api/v1/enrollments',
    auth: 'enrollments:read',
    summary: 'Hosts that ask to join',
    query: EnrollmentQuery,
    response: EnrollmentList,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  getEnrollment: {
    method: 'GET',
    path: '/api/v1/enrollments/{id}',
    auth: 'enrollments:read',
    summary: 'One request',
    response: Enrollment,
    status: 200,
    errors: [...ADMIN_ERRORS, 'ENROLLMENT_NOT_FOUND'],
  },
  approve: {
    method: 'POST',
    path: '/api/v1/enrollments/{id}/approve',
    auth: 'enrollments:decide',
    stepUp: true,
    summary: 'Let a host join',
    body: ApproveRequest,
    bodyOptional: true,
    response: Enrollment,
    status: 200,
    errors: [
      ...ADMIN_ERRORS,
      'ENROLLMENT_NOT_FOUND',
      'CODE_MISMATCH',
      'ENROLLMENT_LOCKED',
      'HOST_CONFLICT',
      'JOB_CONFLICT',
    ],
  },
  deny: {
    method: 'POST',
    path: '/api/v1/enrollments/{id}/deny',
    auth: 'enrollments:decide',
    summary: 'Refuse a host',
    body: DenyRequest,
    bodyOptional: true,
    response: Enrollment,
    status: 200,
    errors: [...ADMIN_ERRORS, 'ENROLLMENT_NOT_FOUND', 'CODE_MISMATCH', 'JOB_CONFLICT'],
  },
  ...JOIN_TOKEN_ROUTES,
  ...API_TOKEN_ROUTES,
  ...PEOPLE_ROUTES,
  ...SESSION_ROUTES,
  ...AUDIT_ROUTES,
  ...INVENTORY_ROUTES,
  ...FLEET_JOB_ROUTES,
  ...FLEET_ACT_ROUTES,
  ...HOST_PACKAGE_ROUTES,
  ...HOST_SERVICE_ROUTES,
  ...GROUP_ROUTES,
  ...SAVED_SEARCH_ROUTES,
  listHosts: {
    method: 'GET',
    path: '/api/v1/hosts',
    auth: 'hosts:read',
    about: 'hosts',
    summary: 'The fleet, or the hosts of it that are meant',
    query: HostQuery,
    response: HostList,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND', 'GROUP_NOT_FOUND', 'SEARCH_NOT_FOUND'],
  },
  getHost: {
    method: 'GET',
    path: '/api/v1/hosts/{id}',
    auth: 'hosts:read',
    about: 'host',
    summary: 'One host',
    response: Host,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  changeHost: {
    method: 'PUT',
    path: '/api/v1/hosts/{id}',
    auth: 'hosts:change',
    about: 'host',
    summary: 'Where the agent listens, and the note about the host',
    body: HostChange,
    response: Host,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  labelHost: {
    method: 'PUT',
    path: '/api/v1/hosts/{id}/labels',
    auth: 'hosts:group',
    about: 'host',
    summary: 'Set and remove labels of a host, by which it is chosen; the others stay',
    body: LabelChange,
    response: Host,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  deleteHost: {
    method: 'DELETE',
    path: '/api/v1/hosts/{id}',
    auth: 'hosts:remove',
    about: 'host',
    stepUp: true,
    summary: 'Remove a host; its certificates are revoked and stay in the records and in the revocation list',
    query: HostRemoval,
    response: HostRemoved,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  ...CERTIFICATE_ROUTES,
  hostPackages: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/packages',
    auth: 'hosts:read',
    about: 'host',
    summary: 'Packages, asked from the host now',
    query: PackageQuery,
    response: PackageList,
    status: 200,
    errors: HOST_CALL_ERRORS,
  },
  hostPatches: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/patches',
    auth: 'hosts:read',
    about: 'host',
    summary: 'Pending updates, asked from the host now',
    query: PatchQuery,
    response: PatchList,
    status: 200,
    errors: HOST_CALL_ERRORS,
  },
  hostPlan: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/patches/plan',
    auth: 'hosts:read',
    about: 'host',
    summary: 'What applying updates would do on the host, asked from it now',
    query: PlanQuery,
    body: PatchPlanRequest,
    response: Plan,
    status: 200,
    errors: [...HOST_CALL_ERRORS, 'PATCH_NOT_FOUND', 'DEPENDENCY_CONFLICT'],
  },
  hostApply: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/patches/apply',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Apply updates on the host',
    description:
      'The key is passed on to the agent; one that has no `instance_id` in its health does not know it and begins a job for each repetition. ' +
      '`AGENT_UNREACHABLE` with `details.answer_lost` says that the agent may have begun the job.',
    headers: JobHeaders.pick({ 'Idempotency-Key': true }),
    body: ApplyRequest,
    response: JobAccepted,
    status: 202,
    errors: [...HOST_CHANGE_ERRORS, 'PATCH_NOT_FOUND'],
  },
  hostSystem: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/system',
    auth: 'hosts:read',
    about: 'host',
    summary: 'Facts about the host, among them its boot and whether it needs a reboot, asked from it now',
    response: SystemInfo,
    status: 200,
    errors: HOST_CALL_ERRORS,
  },
  hostJobs: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/jobs',
    auth: 'hosts:read',
    about: 'host',
    summary: 'Jobs of the host',
    query: JobQuery,
    response: JobList,
    status: 200,
    errors: HOST_CALL_ERRORS,
  },
  hostJob: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/jobs/{job}',
    auth: 'hosts:read',
    about: 'host',
    summary: 'One job of the host',
    response: Job,
    status: 200,
    errors: [...HOST_CALL_ERRORS, 'JOB_NOT_FOUND'],
  },
  cancelHostJob: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/jobs/{job}/cancel',
    auth: 'hosts:patch',
    about: 'host',
    summary: 'Cancel a job of the host that waits or runs',
    description:
      '`current_status` says what has become of it: a change that the package manager has begun is ended in a state that the next change repairs.',
    response: JobDeleted,
    status: 200,
    errors: [
      ...HOST_CALL_ERRORS,
      'JOB_NOT_FOUND',
      'JOB_CONFLICT',
      'SIGNATURE_INVALID',
      'SIGNATURE_REQUIRED',
      'INSTANCE_MISMATCH',
    ],
  },
  hostJobEvents: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/jobs/{job}/events',
    auth: 'hosts:read',
    about: 'host',
    summary: 'Server-sent events of one job, relayed from the host until the job ends',
    description:
      'Events `progress` (`status`, `progress_percent`, `message`, `output`, `seq`, and how many events before it were `missed`), then one `end`, or `failed` with `code` and `message`.',
    query: JobEventsQuery,
    response: z.string(),
    bare: true,
    mediaType: 'text/event-stream',
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
});
