import type { MetricTraits } from './exposition.ts';

const gauge = <const L extends readonly string[]>(help: string, ...labels: L) =>
  ({ type: 'gauge', help, labels }) as const;
const counter = <const L extends readonly string[]>(help: string, ...labels: L) =>
  ({ type: 'counter', help, labels }) as const;

const PROCESS_METRICS = {
  process_start_time_seconds: gauge('When the process started, seconds since the epoch.'),
  process_cpu_seconds_total: counter('CPU time the process has used, user and system.'),
  process_resident_memory_bytes: gauge('Memory of the process that is in RAM.'),
} as const;

/** Metrics of the agent: `GET /metrics`, for callers that may use the API. Instants are seconds since the epoch. */
export const AGENT_METRICS = {
  linux_patch_agent_build_info: gauge('1; the labels say what runs.', 'version', 'node_version'),
  linux_patch_agent_healthy: gauge('1 when health is healthy, 0 when it is degraded.'),
  linux_patch_agent_check_ok: gauge('1 for each check of health that is ok, else 0.', 'check'),
  linux_patch_agent_identity_info: gauge(
    '1; how the manager came to be trusted and who made the key.',
    'trust',
    'key_origin',
  ),
  linux_patch_agent_identity_not_after_timestamp_seconds: gauge('When the certificate expires.'),
  linux_patch_agent_identity_remaining_seconds: gauge(
    'Time until the certificate expires; negative when it has. 86400 are a day.',
  ),
  linux_patch_agent_identity_renewals_total: counter('Renewals since the start, by result.', 'result'),
  linux_patch_agent_identity_renewal_failing: gauge(
    'Renewals that failed since the last one that succeeded.',
  ),
  linux_patch_agent_identity_renewal_alarm: gauge(
    'How urgent a renewal is that has not succeeded: 0 not, 1 a day late, 2 a fifth of the lifetime left, 3 a tenth, 4 a week, 5 two days, 6 expired.',
  ),
  linux_patch_agent_identity_renewal_due_timestamp_seconds: gauge('When the certificate is to be renewed.'),
  linux_patch_agent_identity_renewal_next_attempt_timestamp_seconds: gauge('When renewal is tried next.'),
  linux_patch_agent_identity_keeper_age_seconds: gauge(
    'Time since the loop that renews the certificate ran last; it runs several times a minute.',
  ),
  linux_patch_agent_enrollment_state: gauge(
    '1 for the state of the enrolment, 0 for the others; `none` when none is under way.',
    'state',
  ),
  linux_patch_agent_crl_status: gauge('1 for the status of the revocation list, 0 for the others.', 'status'),
  linux_patch_agent_crl_age_seconds: gauge('Time since the revocation list was made.'),
  linux_patch_agent_crl_next_update_timestamp_seconds: gauge('When the next revocation list is due.'),
  linux_patch_agent_package_lists_update_timestamp_seconds: gauge(
    'When the package lists were refreshed last.',
  ),
  linux_patch_agent_jobs: gauge('Jobs in the journal, by status.', 'status'),
  linux_patch_agent_http_requests_total: counter(
    'Answers given since the start, by route and class of status; route `none` is no path of the API.',
    'method',
    'route',
    'status_class',
  ),
  linux_patch_agent_connections_refused_total: counter(
    'Connections closed without an answer since the start, by reason.',
    'reason',
  ),
  linux_patch_agent_audit_events_total: counter('Audit events since the start, by name.', 'event'),
  ...PROCESS_METRICS,
} as const satisfies Record<string, MetricTraits>;

/** Metrics of the manager: `GET /metrics`, with the permission `metrics:read`. Instants are seconds since the epoch. */
export const MANAGER_METRICS = {
  linux_patch_manager_build_info: gauge('1; the labels say what runs.', 'version', 'node_version'),
  linux_patch_manager_hosts: gauge('Hosts of the fleet.'),
  linux_patch_manager_hosts_unreachable: gauge('Hosts that did not answer when they were asked last.'),
  linux_patch_manager_host_jobs_open: gauge(
    'What hosts were asked to do and is not over: `waiting` (it is the turn of other hosts), `asked` (no answer yet), `accepted` (a job of the host).',
    'state',
  ),
  linux_patch_manager_enrollments: gauge('Requests to join, by state.', 'state'),
  linux_patch_manager_oldest_pending_enrollment_seconds: gauge(
    'How long the oldest undecided request has been waiting; absent when none is.',
  ),
  linux_patch_manager_polls_held: gauge('Polls of waiting agents that are held open.'),
  linux_patch_manager_certificates: gauge(
    'Certificates issued to agents: `valid`, `expiring` (less than a tenth of its life left), `expired`, `revoked`. A certificate that was renewed since counts too.',
    'state',
  ),
  linux_patch_manager_host_certificate_not_after_timestamp_seconds: gauge(
    'When the first of the hosts is without a valid certificate, judged by the newest certificate of each.',
  ),
  linux_patch_manager_renewals_overdue: gauge(
    'Hosts whose newest certificate should have been renewed more than a day ago: off, cut off, or failing.',
  ),
  linux_patch_manager_hosts_by_identity: gauge(
    'Hosts by the state of their identity; `hosts list` names those that are not `ok`.',
    'state',
  ),
  linux_patch_manager_hosts_reboot_needed: gauge(
    'Hosts that have not left, by whether they need a reboot: `yes`, `no`, `unknown`; `hosts show` has the reasons.',
    'needed',
  ),
  linux_patch_manager_hosts_crl_behind: gauge(
    'Hosts whose revocation list lacks something that is revoked; it is sent again until they take it.',
  ),
  linux_patch_manager_crl_number: gauge('Number of the revocation list in force.'),
  linux_patch_manager_crl_next_update_timestamp_seconds: gauge('When the revocation list in force ends.'),
  linux_patch_manager_last_poll_timestamp_seconds: gauge(
    'When every host was asked for its health last; absent before the first time.',
  ),
  linux_patch_manager_own_certificate_not_after_timestamp_seconds: gauge(
    "When the manager's own certificates expire.",
    'name',
  ),
  linux_patch_manager_ca_rotation_due: gauge(
    '1 when the root ends in a year or less and its replacement has to begin, else 0.',
  ),
  linux_patch_manager_ca_rotation_phase: gauge(
    '1 for the phase in which the replacement of the root is, 0 for the others.',
    'phase',
  ),
  linux_patch_manager_ca_rotation_hosts_behind: gauge(
    'Hosts that have not followed the present phase of the replacement of the root.',
  ),
  linux_patch_manager_http_requests_total: counter(
    'Answers given since the start, by route and class of status; route `none` is no path of the API.',
    'method',
    'route',
    'status_class',
  ),
  linux_patch_manager_requests_refused_total: counter(
    'Requests answered with an error since the start, by error code.',
    'code',
  ),
  linux_patch_manager_tls_handshakes_failed_total: counter('TLS handshakes that failed since the start.'),
  linux_patch_manager_audit_events_total: counter('Audit events since the start, by name.', 'event'),
  ...PROCESS_METRICS,
} as const satisfies Record<string, MetricTraits>;
