import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { Certificate, CertificateList, CertificateQuery, Revoked, RevokeRequest } from './certificates.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about certificates. */
export const CERTIFICATE_ROUTES = {
  listCertificates: {
    method: 'GET',
    path: '/api/v1/certificates',
    auth: 'certificates:read',
    about: 'hosts',
    summary: 'Certificates this manager issued, its own included; by default those in force',
    query: CertificateQuery,
    response: CertificateList,
    status: 200,
    errors: [...ADMIN_ERRORS, 'HOST_NOT_FOUND'],
  },
  getCertificate: {
    method: 'GET',
    path: '/api/v1/certificates/{serial}',
    auth: 'certificates:read',
    about: 'hosts',
    summary: 'One certificate',
    response: Certificate,
    status: 200,
    errors: [...ADMIN_ERRORS, 'CERTIFICATE_NOT_FOUND'],
  },
  revokeCertificate: {
    method: 'POST',
    path: '/api/v1/certificates/{serial}/revoke',
    auth: 'certificates:revoke',
    about: 'hosts',
    stepUp: true,
    summary: 'Revoke a certificate for good, and send the new revocation list to every host',
    body: RevokeRequest,
    response: Revoked,
    status: 200,
    errors: [...ADMIN_ERRORS, 'CERTIFICATE_NOT_FOUND'],
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
