import { parseCertificates } from '@linux-patch/pki';
import type { Database } from '../database/open.ts';
import type { AuditLog } from './audit-log.ts';

/** Notices when one of the manager's own certificates is another one than before. */
export interface OwnCertificates {
  /** @param certificatePem the certificate in use now, with its chain */
  see(name: string, certificatePem: string): Promise<void>;
}

/** Remembers what it has seen; the first look at each name is only remembered. */
export function watchOwnCertificates(audit: AuditLog, db: Database): OwnCertificates {
  const serials = new Map<string, string>();
  return {
    async see(name, certificatePem) {
      const [certificate] = parseCertificates(certificatePem);
      if (!certificate) return;
      const before = serials.get(name);
      serials.set(name, certificate.serialHex);
      if (before === undefined || before === certificate.serialHex) return;
      await audit.record(db, {
        actor: 'manager',
        event: 'own_certificate_renewed',
        fields: {
          name,
          serial: certificate.serialHex,
          not_after: new Date(certificate.notAfterMs).toISOString(),
        },
      });
    },
  };
}
