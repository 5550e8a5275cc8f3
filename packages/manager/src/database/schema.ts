import type { JoinTokenVerdict, RevocationReason } from '@linux-patch/contract';
import type { Generated } from 'kysely';
import type {
  ActRow,
  FleetDailyRow,
  HostJobRow,
  HostRebootRow,
  HostUpdateRow,
  PackageChangeRow,
  PackageSetRow,
  PackageVersionRow,
  StartedJobRow,
} from './inventory-schema.ts';

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
  /** When the host left the fleet by itself; its record is history since. */
  readonly left_at: number | null;
  /** What people wrote about it. */
  readonly note: string | null;
}

/** By what people choose hosts; nothing that a host says gets here. */
export interface HostLabelRow {
  readonly host_id: string;
  readonly key: string;
  readonly value: string;
}

/** Hosts that people put together; nothing that a host says gets here. */
export interface HostGroupRow {
  readonly id: string;
  /** Found in either case; no two differ by case alone. */
  readonly name: string;
  readonly description: string | null;
  readonly created_at: number;
  readonly created_by: string;
}

/** A host in a group. */
export interface GroupMemberRow {
  readonly group_id: string;
  readonly host_id: string;
}

/** A selection of hosts under a name. */
export interface SavedSearchRow {
  /** Found in either case; no two differ by case alone. */
  readonly name: string;
  /** As it was written. */
  readonly hosts: string;
  readonly changed_at: number;
  readonly changed_by: string;
}

/** A group into which a join token puts the hosts that it lets in. */
export interface JoinTokenGroupRow {
  readonly token_id: string;
  readonly group_id: string;
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
  /** Who that address counts as when requests are counted; see `addressPrefix`. */
  readonly caller: string;
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
  /** Id of the join token that came with the request, what became of it, and when that was decided. */
  readonly join_token: string | null;
  readonly join_token_verdict: JoinTokenVerdict | null;
  readonly join_token_at: number | null;
}

export interface JoinTokenRow {
  /** Derived from the secret, as is the verifier; the secret itself is never stored. */
  readonly id: string;
  /** Key of the tags by which a host shows that it has the token. */
  readonly verifier: Uint8Array;
  readonly uses: number;
  readonly used: number;
  /** Pattern of host names, lower case; null for any. */
  readonly hosts: string | null;
  readonly note: string | null;
  /** Of the hosts that it lets in, JSON; null for none. */
  readonly labels: string | null;
  readonly created_at: number;
  readonly created_by: string;
  readonly expires_at: number;
  readonly revoked_at: number | null;
}

/** One host that a token let in; a key with a name counts once, however often it asks. */
export interface JoinTokenUseRow {
  readonly token_id: string;
  readonly spki_sha256: string;
  readonly enrollment_id: string;
  readonly fqdn: string;
  readonly used_at: number;
}

/** What a program shows to call over HTTPS. */
export interface ApiTokenRow {
  readonly name: string;
  /** SHA-256 of the token; the token itself is never stored. */
  readonly verifier: Uint8Array;
  /** A name of `ROLES`; another version may have written one that this one does not know. */
  readonly role: string;
  /** JSON list of names of `GUARDED_PERMISSIONS`. */
  readonly allowed: string;
  readonly created_at: number;
  readonly created_by: string;
  readonly expires_at: number;
  readonly revoked_at: number | null;
  /** Written once a minute at most. */
  readonly last_used_at: number | null;
  readonly last_used_from: string | null;
}

/** A role that a person or an API token has for some hosts: those of a group, or with a label. */
export interface RoleBindingRow {
  /** Either this or the token. */
  readonly person_id: string | null;
  readonly api_token: string | null;
  /** A name of `ROLES`; another version may have written one that this one does not know. */
  readonly role: string;
  /** Either this or the label. */
  readonly group_id: string | null;
  readonly label_key: string | null;
  readonly label_value: string | null;
}

/** Somebody who signs in. */
export interface PersonRow {
  readonly id: string;
  /** Never given twice. */
  readonly name: string;
  /** A name of `ROLES`; another version may have written one that this one does not know. */
  readonly role: string;
  /** Hash with its parameters; null when the person was removed, or signs in with the identity provider. */
  readonly password: string | null;
  readonly created_at: number;
  readonly created_by: string;
  readonly disabled_at: number | null;
  readonly removed_at: number | null;
  readonly last_sign_in_at: number | null;
  /** Key of the authenticator, hex; null where there is none. */
  readonly totp_secret: string | null;
  /** One that does not count yet. */
  readonly totp_offered: string | null;
  /** Step of the last code that was used; none counts that is not after it. */
  readonly totp_step: number | null;
  /** The identity provider with which they sign in; null for who has a password, and when the person was removed. */
  readonly oidc_issuer: string | null;
  /** As whom it calls so; of one issuer once. */
  readonly oidc_subject: string | null;
}

/** What signs a person in once without their authenticator. */
export interface RecoveryCodeRow {
  readonly person_id: string;
  /** SHA-256 of the code, hex. */
  readonly verifier: string;
}

/** What a person signs in with instead of a password and a code. */
export interface PasskeyRow {
  readonly id: string;
  readonly person_id: string;
  /** As the person calls it. */
  readonly name: string;
  /** As its authenticator calls it, base64url. */
  readonly credential_id: string;
  /** SubjectPublicKeyInfo, base64url. */
  readonly public_key: string;
  /** How often it was used, by its own count; 0 where it does not count. */
  readonly counter: number;
  readonly created_at: number;
  readonly last_used_at: number | null;
}

/** Where somebody is or was signed in. */
export interface SessionRow {
  readonly id: string;
  readonly person_id: string;
  /** SHA-256 of what the browser holds, hex; that itself is never stored. */
  readonly verifier: string;
  readonly created_at: number;
  /** Written once a minute at most. */
  readonly seen_at: number;
  readonly signed_out_at: number | null;
  readonly address: string;
  /** What the browser says it is. */
  readonly client: string;
  /** When its person showed last that it is them. */
  readonly proven_at: number;
}

export interface CertificateRow {
  readonly serial: string;
  readonly kind: 'agent' | 'manager_client' | 'web';
  /** Id of the CA that issued it. */
  readonly ca: string;
  /** Not a foreign key: certificates outlive their host, so that they stay revocable. */
  readonly host_id: string | null;
  readonly subject: string;
  readonly spki_sha256: string;
  readonly not_before: number;
  readonly not_after: number;
  readonly issued_at: number;
  readonly revoked_at: number | null;
  readonly revoke_reason: RevocationReason | null;
  /** When its agent was asked to renew it; null for others. */
  readonly renew_at: number | null;
  /** Serial of the certificate that proved the renewal it came from; null when an approval issued it. */
  readonly renewed_from: string | null;
  /** Serial of the certificate that an approval issued, at the beginning of its line: itself when it was not renewed. */
  readonly origin: string | null;
  /** When it was first known to be in use: acknowledged, shown by its host, or used as a proof. */
  readonly served_at: number | null;
  /** When somebody first asked to renew it although its successor is in use. */
  readonly forked_at: number | null;
  /** The certificate itself, of renewals only: who asks again with the same key gets it again. */
  readonly pem: string | null;
}

/** One row: how many certificates are revoked, expired ones included. Kept by a trigger; it only grows. */
export interface RevocationCountRow {
  readonly revoked: number;
}

/** The revocation list of the manager's certificates in force; older ones are not kept. */
export interface RevocationListRow {
  readonly number: number;
  readonly issuer_spki: string;
  /** `revocation_count` when it was signed. */
  readonly revoked_count: number;
  /** Those it names that hosts are told about at once: all but superseded ones, which nobody misuses. */
  readonly urgent_count: number;
  /** Number of the first list that names everything of the manager's that is revoked now. */
  readonly complete_since: number;
  readonly this_update: number;
  readonly next_update: number;
  readonly pem: string;
}

/** What a host said when it was asked last. */
export interface HostReportRow {
  readonly host_id: string;
  readonly at: number;
  /** Its health, JSON. */
  readonly health: string;
  /** Serial number of the certificate it served with. */
  readonly served_serial: string | null;
}

/** Which revocation list a host has. */
export interface ListDeliveryRow {
  readonly host_id: string;
  /** As far as it says; null when it never did. */
  readonly number: number | null;
  /** Why it did not take the list that it was sent last. */
  readonly error: string | null;
}

/** What a host trusts and serves with, as it said itself. */
export interface HostTrustRow {
  readonly host_id: string;
  /** Phase of the CA, with its beginning, in which it said so; null when it never did. */
  readonly stage: string | null;
  readonly at: number;
  /** `TrustState`, JSON; null when it never answered. */
  readonly state: string | null;
  /** Why it has not taken what it was sent last. */
  readonly error: string | null;
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

type CertificateDefault = 'ca' | 'origin' | 'served_at' | 'forked_at' | 'pem';

export interface ManagerTables {
  readonly hosts: HostRow;
  readonly host_labels: HostLabelRow;
  readonly host_groups: HostGroupRow;
  readonly group_members: GroupMemberRow;
  readonly saved_searches: SavedSearchRow;
  readonly enrollments: EnrollmentRow;
  readonly join_tokens: JoinTokenRow;
  readonly join_token_uses: JoinTokenUseRow;
  readonly join_token_groups: JoinTokenGroupRow;
  readonly api_tokens: ApiTokenRow;
  readonly role_bindings: RoleBindingRow;
  readonly people: PersonRow;
  readonly sessions: SessionRow;
  readonly recovery_codes: RecoveryCodeRow;
  readonly passkeys: PasskeyRow;
  readonly certificates: Omit<CertificateRow, CertificateDefault> & {
    readonly [column in CertificateDefault]: Generated<CertificateRow[column]>;
  };
  readonly revocation_lists: RevocationListRow;
  readonly revocation_count: RevocationCountRow;
  readonly host_reports: HostReportRow;
  readonly host_trust: HostTrustRow;
  readonly list_deliveries: ListDeliveryRow;
  readonly package_versions: PackageVersionRow;
  readonly package_sets: PackageSetRow;
  readonly host_updates: HostUpdateRow;
  readonly package_changes: PackageChangeRow;
  readonly started_jobs: StartedJobRow;
  readonly host_jobs: HostJobRow;
  readonly acts: ActRow;
  readonly host_reboots: HostRebootRow;
  readonly fleet_daily: FleetDailyRow;
  readonly audit: AuditRow;
  readonly settings: SettingRow;
}
