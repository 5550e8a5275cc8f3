import { TrustBundle, TrustState } from '../enrollment.ts';
import { METRICS_MEDIA_TYPE } from '../metrics/exposition.ts';
import { routeTable } from '../route.ts';
import { Output } from '../text-bounds.ts';
import { Health } from './health.ts';
import { CrlPush, CrlTaken } from './identity.ts';
import { JobEventsQuery } from './job-events.ts';
import { CancelHeaders, InstanceHeaders, JobHeaders } from './job-headers.ts';
import { Job, JobAccepted, JobDeleted, JobList, JobQuery, RollbackRequest } from './jobs.ts';
import { ListingHeaders } from './package-lists.ts';
import {
  HoldRequest,
  InstallRequest,
  PackageDetail,
  PackageList,
  PackageQuery,
  RemoveQuery,
  UpdateRequest,
} from './packages.ts';
import { ApplyRequest, PatchList, PatchQuery } from './patches.ts';
import { PackagePlanRequest, PatchPlanRequest, Plan, PlanQuery } from './plans.ts';
import { CHANGE_ERRORS, PLAN_ERRORS, READ_ERRORS, SIGNATURE_ERRORS } from './route-errors.ts';
import { SYSTEM_ROUTES } from './system-routes.ts';

const PLAN_DESCRIPTION =
  'Changes nothing, and needs no lock. `refresh=true` asks the sources for news first, as the change itself does; while a job changes packages, or when none of them answers, that is 503. ' +
  'What would be refused is in `left_out` with the reason. A change that carries `plan_hash` does what this says, or nothing.';

/** The agent's HTTP API. */
export const AGENT_ROUTES = routeTable({
  rootHealth: {
    method: 'GET',
    path: '/health',
    auth: 'client-certificate',
    summary: 'Health, for probes that know no version',
    response: Health,
    status: 200,
    errors: [],
  },
  health: {
    method: 'GET',
    path: '/api/v1/health',
    auth: 'client-certificate',
    summary: 'Health of the agent and its identity',
    response: Health,
    status: 200,
    errors: [],
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    auth: 'client-certificate',
    summary: "Metrics in Prometheus' text format",
    headers: InstanceHeaders,
    response: Output,
    bare: true,
    mediaType: METRICS_MEDIA_TYPE,
    status: 200,
    errors: READ_ERRORS,
  },
  ...SYSTEM_ROUTES,
  setTrust: {
    method: 'PUT',
    path: '/api/v1/identity/trust',
    auth: 'client-certificate',
    summary:
      'Replace the CAs this host trusts; only the manager may, and only with CAs that one it trusts vouches for',
    headers: InstanceHeaders,
    body: TrustBundle,
    response: TrustState,
    status: 200,
    errors: [
      'INVALID_REQUEST',
      'BODY_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'RATE_LIMIT_EXCEEDED',
      'FORBIDDEN',
      'TRUST_REFUSED',
      'INSTANCE_MISMATCH',
      'INTERNAL_ERROR',
    ],
  },
  listPackages: {
    method: 'GET',
    path: '/api/v1/packages',
    auth: 'client-certificate',
    summary: 'Installed packages',
    description:
      '`refresh=true` asks the sources for news first; while a job changes packages, or when none of them answers, that is 503.',
    headers: ListingHeaders,
    query: PackageQuery,
    response: PackageList,
    status: 200,
    errors: [...READ_ERRORS, 'PKG_MANAGER_ERROR', 'SERVICE_UNHEALTHY'],
  },
  getPackage: {
    method: 'GET',
    path: '/api/v1/packages/{name}',
    auth: 'client-certificate',
    summary: 'One package, installed or available',
    headers: InstanceHeaders,
    response: PackageDetail,
    status: 200,
    errors: [...READ_ERRORS, 'PKG_NOT_FOUND', 'PKG_MANAGER_ERROR'],
  },
  installPackages: {
    method: 'POST',
    path: '/api/v1/packages',
    auth: 'client-certificate',
    summary: 'Install packages',
    headers: JobHeaders,
    body: InstallRequest,
    response: JobAccepted,
    status: 202,
    errors: CHANGE_ERRORS,
  },
  updatePackage: {
    method: 'PUT',
    path: '/api/v1/packages/{name}',
    auth: 'client-certificate',
    summary: 'Update one installed package',
    headers: JobHeaders,
    body: UpdateRequest,
    bodyOptional: true,
    response: JobAccepted,
    status: 202,
    errors: CHANGE_ERRORS,
  },
  removePackage: {
    method: 'DELETE',
    path: '/api/v1/packages/{name}',
    auth: 'client-certificate',
    summary: 'Remove or purge a package',
    headers: JobHeaders,
    query: RemoveQuery,
    response: JobAccepted,
    status: 202,
    errors: CHANGE_ERRORS,
  },
  planPackages: {
    method: 'POST',
    path: '/api/v1/packages/plan',
    auth: 'client-certificate',
    summary: 'What an installation, update, removal or rollback would do',
    description: `The body is that of the change, with \`operation\` and, where the path of the change has it, \`name\` or \`job_id\`. ${PLAN_DESCRIPTION}`,
    headers: InstanceHeaders,
    query: PlanQuery,
    body: PackagePlanRequest,
    response: Plan,
    status: 200,
    errors: [...PLAN_ERRORS, 'PKG_NOT_FOUND', 'VERSION_NOT_AVAILABLE', 'JOB_NOT_FOUND', 'JOB_CONFLICT'],
  },
  holdPackages: {
    method: 'POST',
    path: '/api/v1/packages/hold',
    auth: 'client-certificate',
    summary: 'Let installed packages stay at their versions, whatever is applied',
    headers: JobHeaders,
    body: HoldRequest,
    response: JobAccepted,
    status: 202,
    errors: CHANGE_ERRORS,
  },
  unholdPackages: {
    method: 'POST',
    path: '/api/v1/packages/unhold',
    auth: 'client-certificate',
    summary: 'Let held packages be changed again',
    headers: JobHeaders,
    body: HoldRequest,
    response: JobAccepted,
    status: 202,
    errors: CHANGE_ERRORS,
  },
  listPatches: {
    method: 'GET',
    path: '/api/v1/patches',
    auth: 'client-certificate',
    summary: 'Pending updates',
    description:
      '`refresh=true` asks the sources for news first; while a job changes packages, or when none of them answers, that is 503. ' +
      '`explain=true` also tells which updates an ordinary upgrade would leave, and why; that takes longer.',
    headers: ListingHeaders,
    query: PatchQuery,
    response: PatchList,
    status: 200,
    errors: [...READ_ERRORS, 'PKG_MANAGER_ERROR', 'SERVICE_UNHEALTHY'],
  },
  planPatches: {
    method: 'POST',
    path: '/api/v1/patches/plan',
    auth: 'client-certificate',
    summary: 'What applying pending updates would do',
    description: `The body is that of \`/patches/apply\`; what it says of a reboot counts for \`policy\` only. ${PLAN_DESCRIPTION}`,
    headers: InstanceHeaders,
    query: PlanQuery,
    body: PatchPlanRequest,
    response: Plan,
    status: 200,
    errors: [...PLAN_ERRORS, 'PATCH_NOT_FOUND'],
  },
  applyPatches: {
    method: 'POST',
    path: '/api/v1/patches/apply',
    auth: 'client-certificate',
    summary: 'Apply pending updates',
    description:
      'Older form: `packages`, `allow_reboot`, `reboot_delay_seconds`; an empty `packages` list is nothing to do and completes at once. ' +
      'Full form: `patches` or `packages` name what to update; `all: true`, or the absence of both lists, means every pending update; ' +
      '`security_only` keeps those from a security origin; `exclude_packages` (also inside `options`) takes name patterns. ' +
      '`reboot` and `options.reboot` mean `allow_reboot`; `options.reboot_delay_minutes` means `reboot_delay_seconds / 60`. ' +
      'A reboot comes when the host needs one, after these updates or from before, five minutes after the job unless another delay is said; `reboot` of the job tells of it.',
    headers: JobHeaders,
    body: ApplyRequest,
    response: JobAccepted,
    status: 202,
    errors: [...CHANGE_ERRORS, 'PATCH_NOT_FOUND'],
  },
  listJobs: {
    method: 'GET',
    path: '/api/v1/jobs',
    auth: 'client-certificate',
    summary: 'Jobs, newest first',
    headers: InstanceHeaders,
    query: JobQuery,
    response: JobList,
    status: 200,
    errors: READ_ERRORS,
  },
  getJob: {
    method: 'GET',
    path: '/api/v1/jobs/{id}',
    auth: 'client-certificate',
    summary: 'One job with output and results',
    headers: InstanceHeaders,
    response: Job,
    status: 200,
    errors: [...READ_ERRORS, 'JOB_NOT_FOUND'],
  },
  jobEvents: {
    method: 'GET',
    path: '/api/v1/jobs/{id}/events',
    auth: 'client-certificate',
    summary: 'Server-sent events of one job, until it ends',
    description:
      'For `curl -N`. Events `progress` (`status`, `progress_percent`, `message`, `output`, `seq`, and how many events before it were `missed`), then one `end`. ' +
      'Each has its `seq` as id: `from_seq`, or `Last-Event-ID` as browsers send it, goes on after it.',
    headers: InstanceHeaders,
    query: JobEventsQuery,
    response: Output,
    bare: true,
    mediaType: 'text/event-stream',
    status: 200,
    errors: [...READ_ERRORS, 'JOB_NOT_FOUND', 'SERVICE_UNHEALTHY'],
  },
  deleteJob: {
    method: 'DELETE',
    path: '/api/v1/jobs/{id}',
    auth: 'client-certificate',
    summary: 'Cancel a queued or running job, delete a finished one',
    description:
      'Where the host pins a job key, a job that changes packages now is cancelled only by who signs that, with an `Idempotency-Key` like any change; any other without.',
    headers: CancelHeaders,
    response: JobDeleted,
    status: 200,
    errors: [
      'INVALID_REQUEST',
      ...SIGNATURE_ERRORS,
      'JOB_NOT_FOUND',
      'JOB_CONFLICT',
      'INSTANCE_MISMATCH',
      'RATE_LIMIT_EXCEEDED',
      'SERVICE_UNHEALTHY',
      'WORKER_UNAVAILABLE',
    ],
  },
  rollbackJob: {
    method: 'POST',
    path: '/api/v1/jobs/{id}/rollback',
    auth: 'client-certificate',
    summary: 'Bring packages back to the versions that they had before a job',
    description:
      'Goes by what the worker of the host has on record of a job that has ended, however it ended: what it updated gets its earlier version, what it installed is removed, and what it removed is installed again; all of it, or nothing. ' +
      'What is in its place already stays. A version that is not to be had any more keeps everything as it is: `VERSION_NOT_AVAILABLE` with all of them in `error_details.unavailable`, and in `left_out` of the plan. ' +
      'The policy of the host judges it as the updates, downgrades, installations and removals that it consists of. No other job runs beside it.',
    headers: JobHeaders,
    body: RollbackRequest,
    bodyOptional: true,
    response: JobAccepted,
    status: 202,
    errors: [...CHANGE_ERRORS, 'JOB_NOT_FOUND', 'JOB_CONFLICT'],
  },
  setCrl: {
    method: 'PUT',
    path: '/api/v1/identity/crl',
    auth: 'client-certificate',
    summary: 'Put a revocation list in force, signed by a CA of this host and not older than the present one',
    headers: InstanceHeaders,
    body: CrlPush,
    response: CrlTaken,
    status: 200,
    errors: [
      'INVALID_REQUEST',
      'BODY_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'RATE_LIMIT_EXCEEDED',
      'CRL_REFUSED',
      'INSTANCE_MISMATCH',
      'INTERNAL_ERROR',
    ],
  },
});

/** Path of the agent's WebSocket for job events. */
export const JOB_EVENTS_PATH = '/api/v1/ws/jobs';
