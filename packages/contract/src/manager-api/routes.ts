import { z } from 'zod';
import { Job, JobAccepted, JobList, JobQuery } from '../agent-api/jobs.ts';
import { PackageList, PackageQuery } from '../agent-api/packages.ts';
import { ApplyRequest, PatchList, PatchQuery } from '../agent-api/patches.ts';
import {
  EnrollAccepted,
  EnrollAck,
  EnrollRequest,
  EnrollStatus,
  LeaveRequest,
  Left,
  Renewed,
  RenewRequest,
} from '../enrollment.ts';
import { METRICS_MEDIA_TYPE } from '../metrics/exposition.ts';
import { routeTable } from '../route.ts';
import { ApproveRequest, DenyRequest, Enrollment, EnrollmentList, EnrollmentQuery } from './enrollments.ts';
import { Host, HostChange, HostList } from './hosts.ts';
import { ManagerStatus } from './status.ts';
import { CreatedJoinToken, CreateJoinToken, JoinToken, JoinTokenList } from './tokens.ts';

const PUBLIC_ERRORS = [
  'INVALID_REQUEST',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMIT_EXCEEDED',
  'INTERNAL_ERROR',
] as const;
const ADMIN_ERRORS = ['INVALID_REQUEST', 'UNAUTHORIZED', 'INTERNAL_ERROR'] as const;
const HOST_CALL_ERRORS = [...ADMIN_ERRORS, 'HOST_NOT_FOUND', 'AGENT_UNREACHABLE', 'AGENT_ERROR'] as const;
const PemText = z.string();

/** What agents call; the only authentication is the polling token and proofs by the agent's key. */
export const MANAGER_PUBLIC_ROUTES = routeTable({
  enroll: {
    method: 'POST',
    path: '/api/v1/enroll',
    summary: 'Ask to join',
    body: EnrollRequest,
    response: EnrollAccepted,
    bare: true,
    status: 202,
    errors: [...PUBLIC_ERRORS, 'UNAUTHORIZED', 'FORBIDDEN', 'ENROLLMENT_CONFLICT'],
  },
  enrollStatus: {
    method: 'GET',
    path: '/api/v1/enroll/status/{token}',
    summary: 'What became of a request; `self` takes the token from `Authorization: Enroll TOKEN`',
    response: EnrollStatus,
    bare: true,
    status: 200,
    errors: PUBLIC_ERRORS,
  },
  enrollAck: {
    method: 'POST',
    path: '/api/v1/enroll/ack',
    summary: 'The bundle is installed, or rejected',
    body: EnrollAck,
    response: z.object({}),
    bare: true,
    status: 200,
    errors: [...PUBLIC_ERRORS, 'ENROLLMENT_NOT_FOUND'],
  },
  renew: {
    method: 'POST',
    path: '/api/v1/enroll/renew',
    summary: 'A new certificate for a new key, proven with the current key',
    body: RenewRequest,
    response: Renewed,
    bare: true,
    status: 200,
    errors: [...PUBLIC_ERRORS, 'UNAUTHORIZED', 'FORBIDDEN', 'CERT_REVOKED'],
  },
  leave: {
    method: 'POST',
    path: '/api/v1/enroll/leave',
    summary: 'The host leaves, proven with the current key: its certificates are revoked, its record is kept',
    body: LeaveRequest,
    response: Left,
    bare: true,
    status: 200,
    errors: [...PUBLIC_ERRORS, 'UNAUTHORIZED', 'FORBIDDEN', 'CERT_REVOKED'],
  },
  ca: {
    method: 'GET',
    path: '/api/v1/pki/ca.pem',
    summary: 'The root certificate',
    response: PemText,
    bare: true,
    status: 200,
    errors: [],
  },
  crl: {
    method: 'GET',
    path: '/api/v1/pki/crl.pem',
    summary: 'The current revocation list',
    response: PemText,
    bare: true,
    status: 200,
    errors: [],
  },
  repoConfig: {
    method: 'GET',
    path: '/api/v1/pki/repo-config',
    summary: 'Package hosting of the manager; 404 until it exists',
    response: z.object({}),
    bare: true,
    status: 200,
    errors: ['NOT_FOUND'],
  },
});

/** What administrators call, with `Authorization: Bearer TOKEN`. `{id}` of a host takes its id, name or address. */
export const MANAGER_ADMIN_ROUTES = routeTable({
  status: {
    method: 'GET',
    path: '/api/v1/status',
    summary: 'State of the manager',
    response: ManagerStatus,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    summary: "Metrics in Prometheus' text format",
    response: z.string(),
    bare: true,
    mediaType: METRICS_MEDIA_TYPE,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  listEnrollments: {
    method: 'GET',
    path: '/api/v1/enrollments',
    summary: 'Hosts that ask to join',
    query: EnrollmentQuery,
    response: EnrollmentList,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  getEnrollment: {
    method: 'GET',
    path: '/api/v1/enrollments/{id}',
    summary: 'One request',
    response: Enrollment,
    status: 200,
    errors: [...ADMIN_ERRORS, 'ENROLLMENT_NOT_FOUND'],
  },
  approve: {
    method: 'POST',
    path: '/api/v1/enrollments/{id}/approve',
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
      'FORBIDDEN',
      'JOB_CONFLICT',
    ],
  },
  deny: {
    method: 'POST',
    path: '/api/v1/enrollments/{id}/deny',
    summary: 'Refuse a host',
    body: DenyRequest,
    bodyOptional: true,
    response: Enrollment,
    status: 200,
    errors: [...ADMIN_ERRORS, 'ENROLLMENT_NOT_FOUND', 'CODE_MISMATCH', 'JOB_CONFLICT'],
  },
  createToken: {
    method: 'POST',
    path: '/api/v1/tokens',
    summary:
      'Make a join token, which lets hosts in without a person; its secret is in the answer and nowhere else',
    body: CreateJoinToken,
    bodyOptional: true,
    response: CreatedJoinToken,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  listTokens: {
    method: 'GET',
    path: '/api/v1/tokens',
    summary: 'Join tokens, newest first',
    response: JoinTokenList,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  getToken: {
    method: 'GET',
    path: '/api/v1/tokens/{id}',
    summary: 'One join token and the hosts it let in',
    response: JoinToken,
    status: 200,
    errors: [...ADMIN_ERRORS, 'JOIN_TOKEN_NOT_FOUND'],
  },
  revokeToken: {
    method: 'POST',
    path: '/api/v1/tokens/{id}/revoke',
    summary: 'Let nobody in with this token any more; hosts that it let in stay',
    response: JoinToken,
    status: 200,
    errors: [...ADMIN_ERRORS, 'JOIN_TOKEN_NOT_FOUND'],
  },
  listHosts: {
    method: 'GET',
    path: '/api/v1/hosts',
    summary: 'The fleet',
    response: HostList,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  getHost: {
    method: 'GET',
    path: '/api/v1/hosts/{id}',
    summary: 'One host',
    response: Host,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  changeHost: {
    method: 'PUT',
    path: '/api/v1/hosts/{id}',
    summary: 'Where the agent listens',
    body: HostChange,
    response: Host,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  hostPackages: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/packages',
    summary: 'Packages, asked from the host now',
    query: PackageQuery,
    response: PackageList,
    status: 200,
    errors: HOST_CALL_ERRORS,
  },
  hostPatches: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/patches',
    summary: 'Pending updates, asked from the host now',
    query: PatchQuery,
    response: PatchList,
    status: 200,
    errors: HOST_CALL_ERRORS,
  },
  hostApply: {
    method: 'POST',
    path: '/api/v1/hosts/{id}/patches/apply',
    summary: 'Apply updates on the host',
    body: ApplyRequest,
    response: JobAccepted,
    status: 202,
    errors: HOST_CALL_ERRORS,
  },
  hostJobs: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/jobs',
    summary: 'Jobs of the host',
    query: JobQuery,
    response: JobList,
    status: 200,
    errors: HOST_CALL_ERRORS,
  },
  hostJob: {
    method: 'GET',
    path: '/api/v1/hosts/{id}/jobs/{job}',
    summary: 'One job of the host',
    response: Job,
    status: 200,
    errors: [...HOST_CALL_ERRORS, 'JOB_NOT_FOUND'],
  },
});

/** Server-sent events of one job, relayed from the host's WebSocket until the job ends. */
export const HOST_JOB_EVENTS_PATH = '/api/v1/hosts/{id}/jobs/{job}/events';
