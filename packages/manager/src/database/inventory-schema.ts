import type { Generated } from 'kysely';

/** A package version that some host named; rows are only ever added. */
export interface PackageVersionRow {
  readonly id: Generated<number>;
  readonly name: string;
  /** Whose package it is: `dpkg`, or the word of another package manager. */
  readonly eco: string;
  readonly arch: string;
  readonly version: string;
  /** Empty where the host does not know it. */
  readonly source_name: string;
  readonly source_version: string;
  /** Sorts as the package manager sorts; null where nobody can tell. */
  readonly version_key: Uint8Array | null;
  readonly first_seen_at: number;
}

/** What a host has installed, and how well that is known. */
export interface PackageSetRow {
  readonly host_id: string;
  /** Null until the host was asked. */
  readonly eco: string | null;
  /** Grows with each set that differs from the one before. */
  readonly rev: number;
  readonly hash: string | null;
  /** When the host last said that this is how it is; null while it never did. */
  readonly listed_at: number | null;
  /** When it was asked last. */
  readonly checked_at: number;
  /** Why the last listing failed; null when it did not. */
  readonly list_error: string | null;
  /** Why the host is not up to date for sure although nothing waits; null when it is. */
  readonly doubt: string | null;
  readonly packages: number;
  readonly updates: number;
  readonly security_updates: number;
  /** By which the host names what it had installed, its lists and settings, when the set was listed. */
  readonly revision: string | null;
  readonly packages_etag: string | null;
  readonly updates_etag: string | null;
  /** Day since the epoch (UTC) of `new_rows`: how many rows the host added to the dictionary on it. */
  readonly new_rows_day: number;
  readonly new_rows: number;
  /** See `encodeIds`. */
  readonly ids: Uint8Array | null;
}

/** An update that waits on a host. */
export interface HostUpdateRow {
  readonly host_id: string;
  readonly candidate_id: number;
  readonly installed_version: string;
  /** Null where the host cannot tell. */
  readonly security: number | null;
  readonly security_version: string | null;
  readonly held: number;
  readonly phased: number;
  /** Kept out of the listing by the host's own settings; only security updates are known of these. */
  readonly hidden: number;
  readonly origin: string | null;
  readonly first_seen_at: number;
  /** As `first_seen_at`, or of the version of the package whose place this one took. */
  readonly waiting_since: number;
}

/** What one listing differed from the one before by. */
export interface PackageChangeRow {
  readonly host_id: string;
  readonly at: number;
  /** The job that did it, of this manager or of root of the host; null for what happened outside of them. */
  readonly job_id: string | null;
  readonly removed: Uint8Array;
  readonly added: Uint8Array;
}

/** How the fleet fared when it was looked at last on a day; hosts that had left are not in it. */
export interface FleetDailyRow {
  /** Days since the epoch (UTC). */
  readonly day: number;
  readonly at: number;
  readonly hosts_current: number;
  readonly hosts_behind: number;
  readonly hosts_unknown: number;
  /** Those of `hosts_behind` on which security updates wait. */
  readonly hosts_security: number;
  /** What waits on all hosts, by their last listings. */
  readonly updates: number;
  readonly security_updates: number;
  /** Hosts by how long their newest certificate lasts; the four below and `certificates_none` are all hosts. */
  readonly certificates_none: number;
  readonly certificates_expired: number;
  /** Less than seven days, and less than thirty. */
  readonly certificates_week: number;
  readonly certificates_month: number;
  readonly certificates_later: number;
}

/** A job that this manager started and whose changes it has not seen yet. */
export interface StartedJobRow {
  readonly host_id: string;
  readonly job_id: string;
  readonly started_at: number;
}

/** Something that this manager was asked to have done on a host; written before the host hears of it. */
export interface HostJobRow {
  readonly id: string;
  readonly host_id: string;
  /** As the host was called then; its record may go. */
  readonly fqdn: string;
  /** By which the host knows the request again: used for this one only. */
  readonly key: string;
  readonly actor: string;
  readonly operation: string;
  /** `JobOrder`, JSON: the same bytes are sent however often. */
  readonly request: string;
  readonly plan_hash: string | null;
  /** The instance of the agent that is meant; null of agents that know no keys. */
  readonly instance_id: string | null;
  readonly state: string;
  readonly job_id: string | null;
  /** The act that it is a part of. */
  readonly act_id: string | null;
  /** While it waits: when the manager was asked. */
  readonly asked_at: number;
  readonly ended_at: number | null;
  /** `FleetJobResult`, JSON. */
  readonly result: string | null;
  /** Of the result, of a job that ended. */
  readonly status: string | null;
}

/** Something that this manager was asked to have done on many hosts, each of which has a row of `host_jobs`. */
export interface ActRow {
  readonly id: string;
  /** By which its actor asks for the same one again. */
  readonly key: string;
  /** Of all that was wished for, the hosts among it. */
  readonly wish_hash: string;
  readonly actor: string;
  readonly operation: string;
  readonly security_only: number;
  /** By what the hosts were found, as it was typed. */
  readonly search: string | null;
  readonly asked_at: number;
  readonly stopped_at: number | null;
  readonly stopped_by: string | null;
}

/** Whether a host needs a reboot, as it said when it was listed last. */
export interface HostRebootRow {
  readonly host_id: string;
  readonly needed: number;
  /** Clauses for people, JSON. */
  readonly reasons: string;
  readonly at: number;
}
