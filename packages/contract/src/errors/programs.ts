import { type ErrorTraits, traits } from './traits.ts';

/** Codes in a program's own output and log. */
export const PROGRAM_ERRORS = {
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
