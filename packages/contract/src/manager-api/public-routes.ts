import { z } from 'zod';
import {
  EnrollAccepted,
  EnrollAck,
  EnrollRequest,
  EnrollStatus,
  LeaveRequest,
  Left,
  Renewed,
  RenewRequest,
  TrustBundle,
} from '../enrollment.ts';
import { routeTable } from '../route.ts';
import { Output } from '../text-bounds.ts';
import { SerialNumber } from './certificates.ts';
import { OwnSession, SignIn } from './sessions.ts';

const PUBLIC_ERRORS = [
  'INVALID_REQUEST',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMIT_EXCEEDED',
  'DATABASE_UNAVAILABLE',
  'DISK_FULL',
  'INTERNAL_ERROR',
] as const;
const PemText = Output;
/** Other members are ignored, because whoever fetches the list may be of any generation. */
const CrlQuery = z.object({
  serial: SerialNumber.optional().meta({
    description: 'Serial number of the certificate of the host that asks.',
  }),
});

/** What agents and load balancers call, and how people sign in; what is not `public` shows a polling token or a proof by the agent's key. */
export const MANAGER_PUBLIC_ROUTES = routeTable({
  live: {
    method: 'GET',
    path: '/livez',
    auth: 'public',
    summary: 'Whether the manager answers at all',
    response: Output,
    bare: true,
    mediaType: 'text/plain',
    status: 200,
    errors: [],
  },
  ready: {
    method: 'GET',
    path: '/readyz',
    auth: 'public',
    summary: 'Whether it can do its work: its database answers',
    response: Output,
    bare: true,
    mediaType: 'text/plain',
    status: 200,
    errors: ['SERVICE_UNHEALTHY'],
  },
  enroll: {
    method: 'POST',
    path: '/api/v1/enroll',
    auth: 'public',
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
    auth: 'host',
    summary: 'What became of a request; `self` takes the token from `Authorization: Enroll TOKEN`',
    response: EnrollStatus,
    bare: true,
    status: 200,
    errors: PUBLIC_ERRORS,
  },
  enrollAck: {
    method: 'POST',
    path: '/api/v1/enroll/ack',
    auth: 'host',
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
    auth: 'host',
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
    auth: 'host',
    summary: 'The host leaves, proven with the current key: its certificates are revoked, its record is kept',
    body: LeaveRequest,
    response: Left,
    bare: true,
    status: 200,
    errors: [...PUBLIC_ERRORS, 'UNAUTHORIZED', 'FORBIDDEN', 'CERT_REVOKED'],
  },
  signIn: {
    method: 'POST',
    path: '/api/v1/session',
    auth: 'public',
    summary:
      'Sign in with name and password; the answer sets a cookie that a browser shows from then on, with the header `Linux-Patch-Request` for every change',
    body: SignIn,
    response: OwnSession,
    status: 200,
    errors: [...PUBLIC_ERRORS, 'UNAUTHORIZED', 'SECOND_FACTOR_REQUIRED', 'FORBIDDEN'],
  },
  ca: {
    method: 'GET',
    path: '/api/v1/pki/ca.pem',
    auth: 'public',
    summary: 'The root certificates: the one in use, its successor, and predecessors that still count',
    response: PemText,
    bare: true,
    status: 200,
    errors: [],
  },
  crl: {
    method: 'GET',
    path: '/api/v1/pki/crl.pem',
    auth: 'public',
    summary:
      "The revocation list in force: of the manager's own certificates and, with `serial`, of that certificate of a host",
    query: CrlQuery,
    response: PemText,
    bare: true,
    status: 200,
    errors: ['INVALID_REQUEST'],
  },
  trust: {
    method: 'GET',
    path: '/api/v1/pki/trust',
    auth: 'public',
    summary: 'Which CAs hosts are to trust; agents hold it against those they have',
    response: TrustBundle,
    bare: true,
    status: 200,
    errors: [],
  },
  repoConfig: {
    method: 'GET',
    path: '/api/v1/pki/repo-config',
    auth: 'public',
    summary: 'Package hosting of the manager; 404 until it exists',
    response: z.object({}),
    bare: true,
    status: 200,
    errors: ['NOT_FOUND'],
  },
});
