/** What an audit event is about. */
export interface AuditEventTraits {
  /** One sentence: what has happened. */
  readonly meaning: string;
  /** Members that its record may have. None of them is ever a secret. */
  readonly fields: readonly string[];
}

const event = (meaning: string, ...fields: readonly string[]): AuditEventTraits => ({ meaning, fields });

/** Every event of the agent's audit log (JSON lines, `logging.file_path`), in the order of a host's life. */
export const AGENT_AUDIT_EVENTS = {
  agent_started: event('The agent began its work.', 'version', 'mode'),
  identity_unusable: event(
    'The certificates cannot be used; `status` names the check that failed.',
    'status',
    'reason',
  ),
  identity_key_protected: event(
    'Others than its owner could use the private key; its mode was set to 0600.',
    'path',
    'reason',
  ),
  identity_rolled_back: event(
    'The certificates were damaged; a previous set that passes every check is in use.',
    'status',
    'reason',
    'serial',
  ),
  identity_warning: event(
    'A check of the certificates in use found something that does not keep them from serving; recorded once.',
    'check',
    'reason',
  ),
  clock_wrong: event(
    "This host's clock contradicts the manager or what others have signed; nothing is deleted, and no certificate counts as expired.",
    'reason',
  ),
  clock_right: event("This host's clock is right again."),
  identity_of_other_host: event(
    'The certificates are a copy of those of another host; they are not served, and this host asks for its own.',
    'key_id',
    'reason',
  ),
  enrollment_key_created: event(
    'A new key, host code and request were made for a manager.',
    'key_id',
    'manager',
  ),
  enrollment_resumed: event('A saved request is taken up again.', 'key_id', 'manager', 'state'),
  enrollment_trust_found: event(
    'It is settled what will prove the manager: file, pin, system, code, or nothing (`tofu`); `join_token` when one is shown to it.',
    'by',
    'join_token',
    'manager',
  ),
  enrollment_requested: event('The manager has the request; it waits for approval.', 'key_id', 'manager'),
  enrollment_join_token: event(
    'The manager said what became of the join token: `accepted`, or why the request waits for an administrator.',
    'token',
    'verdict',
    'manager',
  ),
  enrollment_conflict: event(
    'The manager knows this host already and does not take the request; recorded once in a row.',
    'key_id',
    'manager',
    'reason',
  ),
  enrollment_peer_changed: event('Another TLS key answers than when the enrolment began.', 'manager'),
  enrollment_request_lost: event(
    'The manager does not know the request any more; it is made anew.',
    'key_id',
  ),
  enrollment_denied: event(
    'The manager refused this host; `proven` when it showed that it knows the host code.',
    'key_id',
    'reason',
    'proven',
  ),
  enrollment_bundle_refused: event(
    'An approval came that must not be installed; nothing was installed.',
    'error_code',
    'reason',
  ),
  enrollment_approved: event(
    'An approval came and passed every check.',
    'key_id',
    'serial',
    'trust',
    'manager',
  ),
  identity_installed: event(
    'Certificates were installed by enrolment.',
    'serial',
    'trust',
    'key_origin',
    'manager',
  ),
  allow_list_extended: event("The manager's address was added to the allow list.", 'entry'),
  enrollment_acknowledged: event('The manager was told that the certificates are installed.', 'serial'),
  enrollment_unfinished: event(
    'The enrolment ended without an identity; the next start goes on with it.',
    'manager',
    'outcome',
    'reason',
  ),
  serving: event('The port is bound; the API is served.', 'address'),
  identity_renewal_due: event('The certificate is to be renewed now.', 'serial', 'not_after'),
  identity_renewed: event('A new certificate for a new key was installed.', 'serial'),
  identity_renewal_failed: event('A renewal failed; it is tried again.', 'reason'),
  identity_renewal_overdue: event(
    'A renewal has not succeeded for so long that the alarm was raised: `late`, `fifth_left`, `tenth_left`, `week_left`, `two_days_left`, `expired`. Recorded once for each.',
    'alarm',
    'serial',
    'not_after',
    'reason',
  ),
  identity_renewal_undone: event(
    'The server could not serve with the new certificate; the one before is in use again.',
    'serial',
    'reason',
  ),
  identity_reloaded: event('Certificates that were changed on disk are in use.', 'serial'),
  identity_reload_refused: event('Certificates on disk cannot be used; those in use stay.', 'reason'),
  identity_revoked: event(
    "The manager's revocation list names this host's own certificate; the host asks to join again, which an administrator has to approve.",
    'serial',
    'reason',
  ),
  crl_refreshed: event(
    'A newer revocation list is in use; `by` says whether the agent fetched it or the manager pushed it.',
    'next_update',
    'revoked',
    'number',
    'by',
  ),
  trust_changed: event(
    'The CAs this host trusts changed; `by` says how (`manager` pushed, `pull`).',
    'roots',
    'added',
    'removed',
    'by',
  ),
  trust_refused: event(
    'CAs were offered that nothing vouches for, or that would cost this host its identity; nothing changed.',
    'reason',
    'by',
  ),
  crl_refresh_failed: event(
    'The revocation list could not be refreshed; the old one stays. Recorded once in a row.',
    'reason',
  ),
  crl_refused: event('A revocation list was pushed that must not be used; the old one stays.', 'reason'),
  crl_unusable: event(
    'The revocation list on disk cannot be used or is older than the one read before, which still counts if there was one.',
    'status',
    'reason',
  ),
  crl_outdated: event(
    'The revocation list is past its date; it still counts, and nobody is locked out.',
    'next_update',
  ),
  leaving: event(
    'An administrator has this host leave its manager; what follows wipes the identity.',
    'serial',
    'manager',
    'told',
    'reason',
  ),
  identity_wiped: event(
    'Certificates, keys, a waiting request and its token are gone from this host.',
    'serial',
    'manager',
  ),
  config_changed: event('The configuration file changed.', 'sections'),
  config_refused: event('The changed configuration has faults; the one in force stays.', 'reason'),
  connection_refused: event(
    'A connection was closed without an answer; `error_code` says why (`AUTHZ_IP_DENIED`, `AUTH_…`).',
    'address',
    'error_code',
    'reason',
  ),
  refusals_suppressed: event(
    'So many connections were refused in a minute that some have no record of their own.',
    'count',
    'addresses',
  ),
  api_call: event(
    'A request that may change the host was answered, whatever the answer.',
    'request_id',
    'method',
    'path',
    'status',
    'duration_ms',
    'client',
    'address',
    'client_fingerprint',
  ),
  audit_records_lost: event('Records could not be written before this one.', 'lost'),
  agent_stopped: event('The agent ended by itself or was told to.', 'exit_code'),
} as const satisfies Record<string, AuditEventTraits>;

/** Name of an event of the agent's audit log. */
export type AgentAuditEvent = keyof typeof AGENT_AUDIT_EVENTS;

const REQUEST = ['enrollment', 'fqdn', 'observed_address', 'generation'] as const;

/** Every event of the manager's audit log (table `audit`, hash-chained); each record also names its actor. */
export const MANAGER_AUDIT_EVENTS = {
  manager_started: event('The manager began its work.', 'version', 'url'),
  enrollment_requested: event('A host asks to join.', ...REQUEST, 'ip_address'),
  enrollment_taken_up: event('A known host asks again and gets a new token.', ...REQUEST, 'ip_address'),
  join_token_created: event('A join token was made.', 'token', 'uses', 'hosts', 'expires_at'),
  join_token_revoked: event('A join token was revoked.', 'token', 'used', 'uses'),
  join_token_used: event(
    'A join token let a host in; `used` of `uses` so far.',
    ...REQUEST,
    'key_id',
    'token',
    'used',
    'uses',
  ),
  join_token_refused: event(
    'A join token did not let a host in; the request waits for an administrator.',
    ...REQUEST,
    'key_id',
    'token',
    'verdict',
  ),
  enrollment_wrong_code: event(
    'A host code was typed that does not fit; `locked` when that was one too many.',
    ...REQUEST,
    'key_id',
    'locked',
  ),
  enrollment_approved: event(
    'A host was let in and its certificate issued.',
    ...REQUEST,
    'key_id',
    'host',
    'replaced',
    'serial',
    'code_verified',
    'join_token',
  ),
  enrollment_denied: event('A host was refused.', ...REQUEST, 'key_id', 'reason', 'code_verified'),
  enrollment_bundle_sent: event(
    'An approval was handed to who holds its token and key.',
    ...REQUEST,
    'serial',
  ),
  enrollment_installed: event(
    'The agent says, or shows by answering, that its certificates are installed.',
    'enrollment',
    'host',
    'fqdn',
    'serial',
    'reason',
    'reason_code',
  ),
  enrollment_bundle_rejected: event(
    'The agent refused what it was sent.',
    'enrollment',
    'host',
    'serial',
    'reason_code',
  ),
  enrollment_expired: event('Nobody decided a request in time; it was removed.', ...REQUEST),
  certificate_renewed: event(
    'A host got a new certificate for a new key, proven with the current one.',
    'host',
    'fqdn',
    'serial',
    'previous_serial',
    'expired_days',
    'observed_address',
  ),
  certificate_renewal_refused: event(
    'A proven request for renewal was refused.',
    'serial',
    'reason',
    'observed_address',
  ),
  host_removed: event(
    'An administrator removed a host; its certificates are revoked and stay in the records.',
    'host',
    'fqdn',
    'revoked',
    'reason',
  ),
  crl_pushed: event(
    'The revocation list was sent to the hosts that had an older one; `taken` of `hosts` took it.',
    'crl_number',
    'hosts',
    'taken',
  ),
  host_identity_alarm: event(
    'The identity of a host needs a look, or is well again (`ok`); recorded when it changes.',
    'host',
    'fqdn',
    'state',
    'reason',
  ),
  host_left: event(
    'A host left by itself: its certificates are revoked, its record is kept.',
    'host',
    'fqdn',
    'serial',
    'observed_address',
  ),
  host_leave_refused: event('A proven wish to leave was refused.', 'serial', 'reason', 'observed_address'),
  certificate_revoked: event('A certificate is revoked from now on.', 'serial', 'host', 'reason'),
  own_certificate_recorded: event(
    "The first of the manager's own certificates of a kind was put on record.",
    'name',
    'serial',
    'not_after',
  ),
  own_certificate_renewed: event(
    "One of the manager's own certificates was renewed.",
    'name',
    'serial',
    'not_after',
  ),
  ca_issuing_renewed: event(
    'The issuing CA was certified anew, for the same key.',
    'authority',
    'serial',
    'not_after',
  ),
  ca_rotation_due: event(
    'The root ends in a year or less; its replacement has to begin.',
    'authority',
    'not_after',
  ),
  ca_rotation_started: event('A new root CA was made; hosts learn to trust it.', 'authority', 'fingerprint'),
  ca_rotation_phase: event(
    'The replacement of the root went to another phase.',
    'phase',
    'from',
    'left_behind',
  ),
  ca_rotation_finished: event(
    'One root is left. The keys of the other are destroyed.',
    'authority',
    'removed',
    'compromised',
    'left_behind',
  ),
  ca_rotation_found: event(
    'At the start the CA was in another phase than recorded: a restart or a restored copy lies in between.',
    'phase',
    'from',
  ),
  admin_refused: event(
    'Somebody used a wrong admin token; at most ten records a minute and address.',
    'address',
    'method',
    'path',
  ),
  host_changed: event('Facts of a host were changed.', 'host', 'fqdn', 'agent_port', 'ip_address'),
  patches_applied: event('Updates were started on a host.', 'host', 'job', 'request'),
  manager_stopped: event('The manager was told to stop.'),
} as const satisfies Record<string, AuditEventTraits>;

/** Name of an event of the manager's audit log. */
export type ManagerAuditEvent = keyof typeof MANAGER_AUDIT_EVENTS;
