import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { AuditPage, AuditQuery, AuditVerification, AuditVerificationQuery } from './audit.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about the audit log. */
export const AUDIT_ROUTES = {
  listAudit: {
    method: 'GET',
    path: '/api/v1/audit',
    auth: 'audit:read',
    summary: 'Who did what, newest first',
    query: AuditQuery,
    response: AuditPage,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  verifyAudit: {
    method: 'GET',
    path: '/api/v1/audit/verification',
    auth: 'audit:read',
    summary: 'Whether every record is as it was written, and none is missing between the first and the last',
    query: AuditVerificationQuery,
    response: AuditVerification,
    status: 200,
    errors: ADMIN_ERRORS,
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
