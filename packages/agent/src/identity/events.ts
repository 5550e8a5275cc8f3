import { isoOf, messageOf } from '@linux-patch/contract';
import type { CertificateFacts, RenewalAlarm } from '@linux-patch/pki';
import type { AuditLog } from '../audit/audit-log.ts';
import type { RevocationState } from './revocation/state.ts';

/** Tells the audit log what becomes of identity and revocation list; what lasts is recorded once. */
export interface IdentityEvents {
  renewalDue(certificate: Pick<CertificateFacts, 'serialHex' | 'notAfterMs'>): void;
  crlRefreshed(list: RevocationState, by: 'fetched' | 'pushed'): void;
  crlRefused(error: unknown): void;
  /** The list on disk is not the one that counts, or there is none that does. */
  crlUnusable(list: RevocationState): void;
  /** An authentic list names the certificate in use. Returns whether that is new. */
  ownRevoked(serialHex: string, reason: string): boolean;
  /** The manager says that another machine holds this certificate as well. Returns whether that is new. */
  forked(serialHex: string, reason: string): boolean;
  /** The alarm about a renewal changed to this one. */
  renewalOverdue(
    alarm: RenewalAlarm,
    overdue: { readonly serialHex: string; readonly notAfterMs: number; readonly reason: string | undefined },
  ): void;
  crlRefreshFailed(error: unknown): void;
  /** Looks whether the list in use is past its date. Returns whether that is new. */
  crlSeen(list: RevocationState): boolean;
}

export function createIdentityEvents(audit: AuditLog): IdentityEvents {
  let dueSerial: string | undefined;
  let crlFails = false;
  let outdatedSince: number | undefined;
  let unusable: string | undefined;
  let revokedSerial: string | undefined;
  let forkedSerial: string | undefined;
  return {
    renewalDue({ serialHex, notAfterMs }) {
      if (dueSerial === serialHex) return;
      dueSerial = serialHex;
      audit.record('identity_renewal_due', { serial: serialHex, not_after: isoOf(notAfterMs) });
    },
    renewalOverdue(alarm, { serialHex, notAfterMs, reason }) {
      audit.record('identity_renewal_overdue', {
        alarm,
        serial: serialHex,
        not_after: isoOf(notAfterMs),
        reason: reason ?? null,
      });
    },
    crlRefreshed({ nextUpdateMs, serials, number }, by) {
      crlFails = false;
      unusable = undefined;
      audit.record('crl_refreshed', {
        next_update: isoOf(nextUpdateMs),
        revoked: serials.size,
        number: number?.toString(),
        by,
      });
    },
    crlRefused(error) {
      audit.record('crl_refused', { reason: messageOf(error) });
    },
    crlUnusable({ status, message }) {
      if (status === 'missing' || unusable === message) return;
      unusable = message;
      audit.record('crl_unusable', { status, reason: message });
    },
    ownRevoked(serialHex, reason) {
      if (revokedSerial === serialHex) return false;
      revokedSerial = serialHex;
      audit.record('identity_revoked', { serial: serialHex, reason });
      return true;
    },
    forked(serialHex, reason) {
      if (forkedSerial === serialHex) return false;
      forkedSerial = serialHex;
      audit.record('identity_forked', { serial: serialHex, reason });
      return true;
    },
    crlRefreshFailed(error) {
      if (crlFails) return;
      crlFails = true;
      audit.record('crl_refresh_failed', { reason: messageOf(error) });
    },
    crlSeen({ status, nextUpdateMs }) {
      if (status !== 'expired' || outdatedSince === nextUpdateMs) return false;
      outdatedSince = nextUpdateMs;
      audit.record('crl_outdated', { next_update: isoOf(nextUpdateMs) });
      return true;
    },
  };
}
