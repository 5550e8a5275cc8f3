import { type ErrorCode, isPatchError } from '@linux-patch/contract';

/** What scripts can tell apart. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notRunning: 4,
  conflict: 5,
  unreachable: 6,
} as const;

/** What `doctor` ends with; the same as the agent's. */
export const EXAMINED = { well: 0, weak: 3, needsPerson: 4 } as const;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  ENROLLMENT_NOT_FOUND: EXIT.notFound,
  HOST_NOT_FOUND: EXIT.notFound,
  CERTIFICATE_NOT_FOUND: EXIT.notFound,
  JOB_NOT_FOUND: EXIT.notFound,
  ACT_NOT_FOUND: EXIT.notFound,
  JOIN_TOKEN_NOT_FOUND: EXIT.notFound,
  API_TOKEN_NOT_FOUND: EXIT.notFound,
  PERSON_NOT_FOUND: EXIT.notFound,
  GROUP_NOT_FOUND: EXIT.notFound,
  SEARCH_NOT_FOUND: EXIT.notFound,
  PKG_NOT_FOUND: EXIT.notFound,
  SERVICE_NOT_FOUND: EXIT.notFound,
  MANAGER_NOT_RUNNING: EXIT.notRunning,
  HOST_CONFLICT: EXIT.conflict,
  JOB_CONFLICT: EXIT.conflict,
  API_TOKEN_CONFLICT: EXIT.conflict,
  PERSON_CONFLICT: EXIT.conflict,
  GROUP_CONFLICT: EXIT.conflict,
  SEARCH_CONFLICT: EXIT.conflict,
  CODE_MISMATCH: EXIT.conflict,
  ENROLLMENT_LOCKED: EXIT.conflict,
  FORBIDDEN: EXIT.conflict,
  ROTATION_CONFLICT: EXIT.conflict,
  ALREADY_INITIALIZED: EXIT.conflict,
  AGENT_UNREACHABLE: EXIT.unreachable,
};

/** The exit code for whatever a command failed with. */
export function exitCodeOf(error: unknown): number {
  return isPatchError(error) ? (BY_CODE[error.code] ?? EXIT.failed) : EXIT.failed;
}

/** For `--help`. */
export const EXIT_CODE_HELP = `
Exit codes:
  0  done
  1  failed, or the job failed
  2  wrong usage
  3  no such host, group, saved search, request, token, person, certificate, job or act
  4  the manager is not running or cannot be reached
  5  conflict, or a wrong host code
  6  the host cannot be reached
Those of doctor: 0 nothing or notices, 3 warnings, 4 errors, 1 it failed itself.
`;
