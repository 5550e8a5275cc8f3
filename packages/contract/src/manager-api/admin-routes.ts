import { z } from 'zod';
import { Job, JobAccepted, JobList, JobQuery } from '../agent-api/jobs.ts';
import { PackageList, PackageQuery } from '../agent-api/packages.ts';
import { ApplyRequest, PatchList, PatchQuery } from '../agent-api/patches.ts';
import { METRICS_MEDIA_TYPE } from '../metrics/exposition.ts';
import { routeTable } from '../route.ts';
import { AuthorityStatus, RotationRequest } from './authority.ts';
import {
  Certificate,
  CertificateList,
  CertificateQuery,
  HostRemoved,
  Revoked,
  RevokeRequest,
} from './certificates.ts';
import { ApproveRequest, DenyRequest, Enrollment, EnrollmentList, EnrollmentQuery } from './enrollments.ts';
import { Host, HostChange, HostList, HostRemoval } from './hosts.ts';
import { ManagerStatus } from './status.ts';
import { CreatedJoinToken, CreateJoinToken, JoinToken, JoinTokenList } from './tokens.ts';

const ADMIN_ERRORS = ['INVALID_REQUEST', 'UNAUTHORIZED', 'INTERNAL_ERROR'] as const;
const HOST_CALL_ERRORS = [...ADMIN_ERRORS, 'HOST_NOT_FOUND', 'AGENT_UNREACHABLE', 'AGENT_ERROR'] as const;

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
  authority: {
    method: 'GET',
    path: '/api/v1/ca',
    summary: 'The certificate authorities, their replacement, and which hosts have followed',
    response: AuthorityStatus,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  rotateCa: {
    method: 'POST',
    path: '/api/v1/ca/rotation',
    summary: 'One step of the replacement of the root CA',
    body: RotationRequest,
    response: AuthorityStatus,
    status: 200,
    errors: [...ADMIN_ERRORS, 'ROTATION_CONFLICT'],
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
  deleteHost: {
    method: 'DELETE',
    path: '/api/v1/hosts/{id}',
    summary: 'Remove a host; its certificates are revoked and stay in the records and in the revocation list',
    query: HostRemoval,
    response: HostRemoved,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  listCertificates: {
    method: 'GET',
    path: '/api/v1/certificates',
    summary: 'Certificates this manager issued, its own included; by default those in force',
    query: CertificateQuery,
    response: CertificateList,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  getCertificate: {
    method: 'GET',
    path: '/api/v1/certificates/{serial}',
    summary: 'One certificate',
    response: Certificate,
    status: 200,
    errors: [...ADMIN_ERRORS, 'CERTIFICATE_NOT_FOUND'],
  },
  revokeCertificate: {
    method: 'POST',
    path: '/api/v1/certificates/{serial}/revoke',
    summary: 'Revoke a certificate for good, and send the new revocation list to every host',
    body: RevokeRequest,
    response: Revoked,
    status: 200,
    errors: [...ADMIN_ERRORS, 'CERTIFICATE_NOT_FOUND'],
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
