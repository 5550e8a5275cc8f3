import { type ErrorTraits, traits } from './traits.ts';

/** Codes with which jobs end, and no answer has. */
export const JOB_ERRORS = {
  COMMAND_NOT_FOUND: traits('job', 500, false, 'A program the job needs is not installed.'),
  CACHE_REFRESH_ERROR: traits('job', 500, true, 'The package lists could not be refreshed.'),
  NETWORK_ERROR: traits('job', 500, true, 'A repository could not be reached or a download failed.'),
  GPG_ERROR: traits('job', 500, false, 'A repository or package signature is missing or wrong.'),
  PLAN_CHANGED: traits(
    'job',
    500,
    false,
    'The change would do something else than the plan that was approved; nothing was changed. `error_details.difference` of the job has what is different.',
  ),
  PERMISSION_DENIED: traits('job', 500, false, 'The agent may not do this on the host.'),
  LOCKED: traits('job', 500, true, 'Another process holds the package database.'),
  SCRIPT_FAILED: traits('job', 500, false, "A package's maintainer script failed."),
  REBOOT_ERROR: traits('job', 500, false, 'The reboot could not be started.'),
  SERVICE_RESTART_ERROR: traits(
    'job',
    500,
    false,
    'A service does not run after its restart, or was not restarted; `error_details.service` has what systemd and the journal say.',
  ),
  TIMEOUT: traits('job', 500, true, 'The job ran longer than `jobs.timeout_minutes`.'),
  INTERRUPTED: traits(
    'job',
    500,
    true,
    'The agent, or the program that changes packages, was ended while the job was running.',
  ),
  CANCELLED: traits('job', 500, false, 'The job was cancelled.'),
  UNKNOWN_ERROR: traits('job', 500, false, 'The job failed for a reason without a code of its own.'),
} as const satisfies Record<string, ErrorTraits>;
