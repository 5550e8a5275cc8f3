/** What a code means wherever it crosses a boundary. */
export interface ErrorTraits {
  /** HTTP status when the code is an answer; 500 for codes that never are. */
  readonly status: number;
  /** Exit code of a command that ends with it. */
  readonly exit: number;
  /** Whether the same request may succeed later without change. */
  readonly retryable: boolean;
  /** Whether the message may be shown to an HTTP peer; otherwise the peer sees only `INTERNAL_ERROR`. */
  readonly expose: boolean;
  /** Where it appears: HTTP answers, finished jobs, or a program's own output and log. */
  readonly where: 'http' | 'job' | 'both' | 'program';
  /** One sentence for the reference. */
  readonly meaning: string;
}

function traits(
  where: ErrorTraits['where'],
  status: number,
  retryable: boolean,
  meaning: string,
  extra: Partial<Pick<ErrorTraits, 'expose' | 'exit'>> = {},
): ErrorTraits {
  return { where, status, retryable, meaning, exit: extra.exit ?? 1, expose: extra.expose ?? true };
}

/** Every failure code of both programs. Traits live here, never in an `if`. */
export const ERRORS = {
  INVALID_REQUEST: traits(
    'http',
    400,
    false,
    'The query or body does not fit the schema; `details.faults` has the path of each fault.',
  ),
  UNAUTHORIZED: traits('http', 401, false, 'The manager API was called without a valid credential.'),
  FORBIDDEN: traits(
    'http',
    403,
    false,
    'The caller is known but may not do this; where a role is missing, `details.permission` and `details.role` say what it needs and what it has.',
  ),
  SECOND_FACTOR_REQUIRED: traits(
    'http',
    401,
    false,
    'The password is right, and this person signs in with a code of their authenticator, too.',
  ),
  STEP_UP_REQUIRED: traits(
    'http',
    403,
    false,
    'Somebody signed in has to show again that it is them, by what `details.by` names; nothing was done.',
  ),
  SIGNATURE_REQUIRED: traits(
    'http',
    403,
    false,
    'The host pins the job key of its manager, and the change is not signed with it. Nothing was done.',
  ),
  SIGNATURE_INVALID: traits(
    'http',
    403,
    false,
    'The signature of a change is by another key than the host pins, or for another request or host. Nothing was done.',
  ),
  POLICY_DENIED: traits(
    'both',
    403,
    false,
    'The policy of the host forbids the change, or is faulty; `details.policy` names the rule. Nothing was changed.',
  ),
  CERT_REVOKED: traits(
    'http',
    403,
    false,
    'The certificate that the caller shows was revoked; the host has to enrol again.',
  ),
  CERT_FORKED: traits(
    'http',
    403,
    false,
    'The certificate was renewed before, for another key that is in use: two machines hold one identity. Nothing was issued.',
  ),
  NOT_FOUND: traits('http', 404, false, 'There is no such path or thing.'),
  PKG_NOT_FOUND: traits('both', 404, false, 'No package of this name is installed or available.'),
  PATCH_NOT_FOUND: traits('http', 404, false, 'None of the named packages is installed on this host.'),
  JOB_NOT_FOUND: traits('http', 404, false, 'No job has this id.'),
  CERTIFICATE_NOT_FOUND: traits(
    'http',
    404,
    false,
    'This manager issued no certificate with this serial number.',
  ),
  HOST_NOT_FOUND: traits('http', 404, false, 'No host has this id or name.'),
  ENROLLMENT_NOT_FOUND: traits('http', 404, false, 'No enrolment request has this id, name or token.'),
  JOIN_TOKEN_NOT_FOUND: traits('http', 404, false, 'No join token has this id.'),
  API_TOKEN_NOT_FOUND: traits('http', 404, false, 'No API token has this name.'),
  GROUP_NOT_FOUND: traits('http', 404, false, 'No group of hosts has this name.'),
  SEARCH_NOT_FOUND: traits('http', 404, false, 'No saved search has this name.'),
  PERSON_NOT_FOUND: traits('http', 404, false, 'No person has this name.'),
  METHOD_NOT_ALLOWED: traits(
    'http',
    405,
    false,
    'The path exists but not with this method; see the `Allow` header.',
  ),
  JOB_CONFLICT: traits('http', 409, false, 'The job is not in a state that allows this.'),
  IDEMPOTENCY_CONFLICT: traits(
    'http',
    409,
    false,
    'This `Idempotency-Key` was used for another request; `details.job_id` is what became of that. Nothing was started.',
  ),
  CHALLENGE_UNKNOWN: traits(
    'http',
    409,
    true,
    'The challenge that a signature is over was used, is too old, or is from before a reboot; the header `Linux-Patch-Challenge` of the answer has the next one. Nothing was done.',
  ),
  TRUST_REFUSED: traits(
    'http',
    409,
    false,
    'The offered CAs are not vouched for by one that this host trusts, or would cost it its identity; nothing changed.',
  ),
  ROTATION_CONFLICT: traits(
    'http',
    409,
    false,
    'The rotation of the CA is not in a phase that allows this, or hosts have not followed; `details.hosts` names them.',
  ),
  API_TOKEN_CONFLICT: traits(
    'http',
    409,
    false,
    'There is or was an API token of this name, or as many are in force as may be. Nothing was made.',
  ),
  PERSON_CONFLICT: traits(
    'http',
    409,
    false,
    'There is or was a person of this name, or there are as many as may be. Nothing was made.',
  ),
  GROUP_CONFLICT: traits('http', 409, false, 'There is this group already, or as many as there may be.'),
  SEARCH_CONFLICT: traits('http', 409, false, 'There is this saved search already, or as many as may be.'),
  HOST_CONFLICT: traits('http', 409, false, 'Another host already has this name or address.'),
  CRL_REFUSED: traits(
    'http',
    409,
    false,
    'A revocation list cannot be read, is not signed by a CA of the host, is not about it, or is older than the one in force.',
  ),
  CODE_MISMATCH: traits(
    'http',
    409,
    false,
    'The host code does not fit the request: a typing error, or the request was changed on the way.',
  ),
  ENROLLMENT_LOCKED: traits(
    'http',
    423,
    true,
    'Too many wrong host codes; the request is locked for a while.',
  ),
  ENROLLMENT_CONFLICT: traits(
    'http',
    409,
    true,
    'A request for this machine is already waiting and this caller cannot prove to be it.',
  ),
  INSTANCE_MISMATCH: traits(
    'http',
    410,
    false,
    'The request means another instance of the agent than the one that answers: the host was set up anew, or its disk was copied. Nothing was done.',
  ),
  BODY_TOO_LARGE: traits('http', 413, false, 'The request body is larger than this server accepts.'),
  UNSUPPORTED_MEDIA_TYPE: traits('http', 415, false, 'The body must be application/json.'),
  RATE_LIMIT_EXCEEDED: traits('http', 429, true, 'Too many requests; `Retry-After` says when to come back.'),
  PKG_MANAGER_ERROR: traits(
    'both',
    500,
    true,
    'The package manager failed; the message carries its own words.',
  ),
  PATCH_APPLY_ERROR: traits('http', 500, true, 'Patches could not be applied.'),
  INTERNAL_ERROR: traits(
    'http',
    500,
    true,
    'An unexpected fault; the log has the details under the request id.',
  ),
  AGENT_UNREACHABLE: traits(
    'http',
    502,
    true,
    'The manager could not reach the agent, or its answer made no sense.',
  ),
  AGENT_ERROR: traits('http', 502, false, 'The agent refused the request; `details.agent` has its error.'),
  QUEUE_FULL: traits('http', 503, true, 'Too many jobs wait already.'),
  SERVICE_UNHEALTHY: traits('http', 503, true, 'It cannot do this now; health, or the log, says why.'),
  WORKER_UNAVAILABLE: traits(
    'http',
    503,
    true,
    'The part of the agent that works with packages could not be started, gave no answer, or has too much to do.',
  ),
  DATABASE_UNAVAILABLE: traits(
    'http',
    503,
    true,
    'The manager cannot use its database; its log says why. `Retry-After` says when to ask again.',
  ),
  COMMAND_NOT_FOUND: traits('job', 500, false, 'A program the job needs is not installed.'),
  CACHE_REFRESH_ERROR: traits('job', 500, true, 'The package lists could not be refreshed.'),
  NETWORK_ERROR: traits('job', 500, true, 'A repository could not be reached or a download failed.'),
  GPG_ERROR: traits('job', 500, false, 'A repository or package signature is missing or wrong.'),
  VERSION_NOT_AVAILABLE: traits('both', 404, false, 'The package exists, but not in the requested version.'),
  DEPENDENCY_CONFLICT: traits(
    'both',
    409,
    false,
    'Dependencies cannot be satisfied, or only by removing packages that nobody named (`error_details.removals` of the job).',
  ),
  PLAN_CHANGED: traits(
    'job',
    500,
    false,
    'The change would do something else than the plan that was approved; nothing was changed. `error_details.difference` of the job has what is different.',
  ),
  PERMISSION_DENIED: traits('job', 500, false, 'The agent may not do this on the host.'),
  LOCKED: traits('job', 500, true, 'Another process holds the package database.'),
  DISK_FULL: traits(
    'both',
    507,
    true,
    'The disk has not enough free space, or cannot be written; the message names it.',
  ),
  SCRIPT_FAILED: traits('job', 500, false, "A package's maintainer script failed."),
  REBOOT_ERROR: traits('job', 500, false, 'The reboot could not be started.'),
  TIMEOUT: traits('job', 500, true, 'The job ran longer than `jobs.timeout_minutes`.'),
  INTERRUPTED: traits('job', 500, true, 'The agent stopped while the job was running.'),
  CANCELLED: traits('job', 500, false, 'The job was cancelled.'),
  UNKNOWN_ERROR: traits('job', 500, false, 'The job failed for a reason without a code of its own.'),
  CONFIG_INVALID: traits(
    'program',
    500,
    false,
    'The configuration has faults; all of them are listed with line and column.',
  ),
  BIND_FAILED: traits(
    'program',
    500,
    false,
    'The listening port could not be bound; the holder is named when known.',
  ),
  INSTANCE_RUNNING: traits(
    'program',
    500,
    false,
    'Another agent works with the same data folder, or another manager with the same database; it is named.',
  ),
  CERT_MISSING: traits('program', 500, false, 'A certificate or key file does not exist.'),
  CERT_CORRUPT: traits('program', 500, false, 'A certificate or key file cannot be parsed.'),
  CERT_EXPIRED: traits('program', 500, false, 'A certificate is past its notAfter.'),
  CERT_NOT_YET_VALID: traits(
    'program',
    500,
    false,
    'A certificate is before its notBefore; usually the clock is wrong.',
  ),
  CERT_KEY_MISMATCH: traits(
    'program',
    500,
    false,
    'The private key does not belong to the server certificate.',
  ),
  CERT_UNTRUSTED: traits(
    'program',
    500,
    false,
    'The server certificate does not chain to the configured CA.',
  ),
  CERT_UNSUITABLE: traits(
    'program',
    500,
    false,
    'A certificate lacks a property it needs (CA flag, usage, names, algorithm).',
  ),
  JOIN_STRING_INVALID: traits(
    'program',
    500,
    false,
    'A join string cannot be read, contradicts the configuration, or can be read by others; nothing was sent.',
  ),
  IDENTITY_UNAVAILABLE: traits(
    'program',
    500,
    false,
    'The host has no usable machine-id or address to enrol with.',
  ),
  ENROLLMENT_DENIED: traits('program', 500, false, 'An administrator refused this host.'),
  ENROLLMENT_TIMEOUT: traits('program', 500, true, 'Nobody approved the host within the allowed time.', {
    exit: 2,
  }),
  ENROLLMENT_STOPPED: traits(
    'program',
    500,
    true,
    'The program was stopped while enrolling; it resumes at the next start.',
    { exit: 2 },
  ),
  MANAGER_UNREACHABLE: traits('program', 500, true, 'The manager does not answer.', { exit: 2 }),
  MANAGER_PROTOCOL: traits(
    'program',
    500,
    true,
    'The answer is not one a manager gives (HTML, truncated JSON, redirect, wrong type).',
    { exit: 2 },
  ),
  MANAGER_UNTRUSTED: traits(
    'program',
    500,
    false,
    'The manager could not prove who it is; nothing was installed, and no secret was sent.',
  ),
  PROVISION_FAILED: traits(
    'program',
    500,
    true,
    'The received certificates could not be written; the old set is untouched.',
    { exit: 2 },
  ),
  PKI_REQUEST_REJECTED: traits(
    'program',
    500,
    false,
    'A certificate request is malformed, unsigned or asks for a forbidden algorithm.',
  ),
  MANAGER_NOT_RUNNING: traits('program', 500, true, 'The command line could not reach the running manager.'),
  ALREADY_INITIALIZED: traits(
    'program',
    500,
    false,
    'The manager already has a CA, or a job key; nothing was changed.',
  ),
  BACKUP_UNUSABLE: traits(
    'program',
    500,
    false,
    'A backup of the manager could not be made, or one cannot be restored: it is damaged, locked with another key, or no backup. Nothing was changed.',
  ),
  NOT_INITIALIZED: traits(
    'program',
    500,
    false,
    'The manager has no CA yet, or a file of it or the job key that hosts pin is missing; the message says whether to run `linux-patch-manager init` or to restore the backup.',
  ),
} as const satisfies Record<string, ErrorTraits>;

export type ErrorCode = keyof typeof ERRORS;
