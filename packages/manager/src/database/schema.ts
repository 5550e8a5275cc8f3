import type { Generated } from 'kysely';

/** Instants are milliseconds since the epoch, identifiers text, JSON text. */
export interface HostRow {
  readonly id: string;
  readonly fqdn: string;
  readonly hostname: string | null;
  readonly machine_id: string;
  readonly ip_address: string;
  readonly agent_port: number;
  readonly os_details: string;
  readonly key_origin: 'host' | 'manager';
  readonly created_at: number;
  readonly last_seen_at: number | null;
  readonly last_error: string | null;
}

export interface EnrollmentRow {
  readonly id: string;
  /** SHA-256 of the polling token, hex; the token itself is never stored. */
  readonly token_hash: string;
  readonly state: 'pending' | 'approved' | 'installed' | 'denied';
  readonly machine_id: string;
  readonly fqdn: string;
  readonly hostname: string | null;
  readonly ip_address: string;
  readonly observed_address: string;
  readonly os_details: string;
  /** The extension as it was sent, JSON; null for agents of the older generation. */
  readonly extension: string | null;
  readonly spki: Uint8Array | null;
  readonly spki_sha256: string | null;
  readonly key_id: string | null;
  readonly nonce_m: string;
  /** Proofs with which this request was made or taken up, JSON list; none of them works twice. */
  readonly used_proofs: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly last_poll_at: number | null;
  readonly decided_at: number | null;
  readonly decided_by: string | null;
  readonly code_verified: number;
  readonly failed_codes: number;
  readonly locked_until: number | null;
  readonly deny_reason: string | null;
  readonly deny_tag: string | null;
  readonly host_id: string | null;
  /** The answer to an approved request, JSON; removed when it is acknowledged. */
  readonly bundle: string | null;
  readonly serial: string | null;
}

export interface CertificateRow {
  readonly serial: string;
  readonly kind: 'agent' | 'manager_client' | 'web';
  /** Not a foreign key: certificates outlive their host, so that they stay revocable. */
  readonly host_id: string | null;
  readonly subject: string;
  readonly spki_sha256: string;
  readonly not_before: number;
  readonly not_after: number;
  readonly issued_at: number;
  readonly revoked_at: number | null;
  readonly revoke_reason: string | null;
}

export interface AuditRow {
  readonly seq: Generated<number>;
  readonly at: number;
  readonly actor: string;
  readonly event: string;
  readonly fields: string;
  readonly previous_hash: string;
  readonly hash: string;
}

export interface SettingRow {
  readonly name: string;
  readonly value: string;
}

export interface ManagerTables {
  readonly hosts: HostRow;
  readonly enrollments: EnrollmentRow;
  readonly certificates: CertificateRow;
  readonly audit: AuditRow;
  readonly settings: SettingRow;
}
