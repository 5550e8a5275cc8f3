import {
  type ErrorCode,
  type Job,
  type JobErrorDetails,
  type JobOldCode,
  type JobReboot,
  type JobResult,
  type JobState,
  type JobStatus,
  PatchError,
} from '@linux-patch/contract';
import { isExclusive, type JobRequest, packagesOf } from './job-request.ts';

/** A job without what its commands printed, and what other jobs did to it. */
export type JobCore = Readonly<
  Omit<Job, 'logs' | 'output' | 'command_stdout' | 'command_stderr' | 'rolled_back_by'>
>;

/** States a running job moves between. */
export type ActiveState = Extract<JobState, 'waiting_for_lock' | 'refreshing' | 'running'>;

export type JobTransition =
  | { readonly type: 'start'; readonly message: string }
  | { readonly type: 'phase'; readonly state: ActiveState; readonly message: string }
  | {
      readonly type: 'progress';
      readonly percent: number;
      readonly message: string;
      readonly state: ActiveState;
    }
  | { readonly type: 'complete'; readonly message: string }
  | {
      readonly type: 'fail';
      readonly code: ErrorCode;
      readonly message: string;
      readonly details?: JobErrorDetails | null;
    };

const STATUS_OF: Readonly<Record<JobState, JobStatus>> = {
  queued: 'queued',
  waiting_for_lock: 'running',
  refreshing: 'running',
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  // The older manager ignores the word "timeout" and would wait for ever.
  timed_out: 'failed',
  interrupted: 'failed',
};

/** How a failure's code shows as a state; every other code is `failed`. */
const STATE_OF_CODE: Partial<Record<ErrorCode, JobState>> = {
  TIMEOUT: 'timed_out',
  INTERRUPTED: 'interrupted',
  CANCELLED: 'cancelled',
};

/** A job as it is accepted. */
export function createJob(options: {
  readonly id: string;
  readonly request: JobRequest;
  readonly nowMs: number;
  /** Fingerprint of the key that signed the request. */
  readonly signedBy?: string | undefined;
  /** Whether root's own command asked for it on the host. */
  readonly byRoot?: boolean;
}): JobCore {
  const now = new Date(options.nowMs).toISOString();
  return {
    job_id: options.id,
    operation: options.request.operation,
    status: 'queued',
    state: 'queued',
    progress: 0,
    progress_percent: 0,
    message: 'Waiting for its turn',
    packages: packagesOf(options.request),
    ...(options.request.operation === 'restart_service' ? { service: options.request.service } : {}),
    created_at: now,
    started_at: null,
    updated_at: now,
    completed_at: null,
    error: null,
    error_code: null,
    error_details: null,
    exit_code: null,
    results: [],
    reboot: null,
    rollback_job_id: options.request.operation === 'rollback' ? options.request.job : null,
    exclusive_mode: isExclusive(options.request),
    signed_by: options.signedBy ?? null,
    ...(options.byRoot ? { by_root: true } : {}),
  };
}

/** Whether nothing will happen to the job any more. */
export function isFinished(job: Pick<JobCore, 'status'>): boolean {
  return job.status !== 'queued' && job.status !== 'running';
}

/**
 * The job after a transition. Progress never falls and is 100 only for a completed job.
 * @throws PatchError `JOB_CONFLICT` for a finished job, or one that has not started and is told it progresses.
 */
export function transition(job: JobCore, change: JobTransition, nowMs: number): JobCore {
  const now = new Date(nowMs).toISOString();
  if (isFinished(job) || (job.status === 'queued' && !['start', 'fail'].includes(change.type))) {
    throw new PatchError('JOB_CONFLICT', `Job ${job.job_id} is ${job.state}; it cannot ${change.type} now.`);
  }
  switch (change.type) {
    case 'start':
      return { ...enter(job, 'running', now), message: change.message, started_at: job.started_at ?? now };
    case 'phase':
      return { ...enter(job, change.state, now), message: change.message };
    case 'progress': {
      const percent = Math.max(job.progress_percent, Math.min(99, Math.floor(change.percent)));
      return {
        ...enter(job, change.state, now),
        message: change.message,
        progress: percent,
        progress_percent: percent,
      };
    }
    case 'complete':
      return {
        ...enter(job, 'completed', now),
        message: change.message,
        progress: 100,
        progress_percent: 100,
        completed_at: now,
      };
    case 'fail':
      return {
        ...enter(job, STATE_OF_CODE[change.code] ?? 'failed', now),
        message: change.message,
        error: change.message,
        error_code: change.code,
        error_details: change.details ?? null,
        completed_at: now,
      };
  }
}

/** The job with what is known about its packages, its command and what follows it. */
export function withOutcome(
  job: JobCore,
  outcome: {
    readonly results?: readonly JobResult[];
    readonly exitCode?: number | null;
    readonly reboot?: JobReboot;
    readonly oldCode?: JobOldCode;
  },
): JobCore {
  return {
    ...job,
    ...(outcome.results === undefined ? {} : { results: [...outcome.results] }),
    ...(outcome.exitCode === undefined ? {} : { exit_code: outcome.exitCode }),
    ...(outcome.reboot === undefined ? {} : { reboot: outcome.reboot }),
    ...(outcome.oldCode === undefined ? {} : { old_code: outcome.oldCode }),
  };
}

function enter(job: JobCore, state: JobState, now: string): JobCore {
  return { ...job, state, status: STATUS_OF[state], updated_at: now };
}
