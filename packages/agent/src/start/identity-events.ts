import { messageOf } from '@linux-patch/contract';
import type { CertificateFacts } from '@linux-patch/pki';
import type { AuditLog } from '../audit/audit-log.ts';
import type { RevocationState } from '../http/revocation.ts';

/** Tells the audit log what becomes of identity and revocation list; what lasts is recorded once. */
export interface IdentityEvents {
  renewalDue(certificate: Pick<CertificateFacts, 'serialHex' | 'notAfterMs'>): void;
  crlRefreshed(list: RevocationState): void;
  crlRefreshFailed(error: unknown): void;
  /** Looks whether the list in use is past its date. */
  crlSeen(list: RevocationState): void;
}

const isoOf = (epochMs: number | undefined): string | null =>
  epochMs === undefined ? null : new Date(epochMs).toISOString();

export function createIdentityEvents(audit: AuditLog): IdentityEvents {
  let dueSerial: string | undefined;
  let crlFails = false;
  let outdatedSince: number | undefined;
  return {
    renewalDue({ serialHex, notAfterMs }) {
      if (dueSerial === serialHex) return;
      dueSerial = serialHex;
      audit.record('identity_renewal_due', { serial: serialHex, not_after: isoOf(notAfterMs) });
    },
    crlRefreshed({ nextUpdateMs, serials }) {
      crlFails = false;
      audit.record('crl_refreshed', { next_update: isoOf(nextUpdateMs), revoked: serials.size });
    },
    crlRefreshFailed(error) {
      if (crlFails) return;
      crlFails = true;
      audit.record('crl_refresh_failed', { reason: messageOf(error) });
    },
    crlSeen({ status, nextUpdateMs }) {
      if (status !== 'expired' || outdatedSince === nextUpdateMs) return;
      outdatedSince = nextUpdateMs;
      audit.record('crl_outdated', { next_update: isoOf(nextUpdateMs) });
    },
  };
}
