import { z } from 'zod';
import { JobKeyFingerprint } from '../job-key.ts';
import { lazily } from '../lazily.ts';
import { paging } from '../query.ts';
import { Line, MAX_ENTRIES, Output } from '../text-bounds.ts';
import { allowRemovals, PlanHash } from './packages.ts';
import { PlanDifference } from './plans.ts';
import { PolicyDenial } from './policy.ts';
import { JobOldCode, JobServiceFailure, ServiceUnit } from './services.ts';

export const JOB_OPERATIONS = [
  'install',
  'update',
  'remove',
  'patch_apply',
  'hold',
  'unhold',
  'reboot',
  'cancel_reboot',
  'rollback',
  'restart_service',
] as const;
export type JobOperation = (typeof JOB_OPERATIONS)[number];

/** Every word a client may meet in `status`. */
export const JOB_STATUSES = ['queued', 'running', 'completed', 'failed', 'cancelled', 'timeout'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Finer than `status`; new words may appear. */
export const JOB_STATES = [
  'queued',
  'waiting_for_lock',
  'refreshing',
  'running',
  'completed',
  'failed',
  'cancelled',
  'timed_out',
  'interrupted',
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What happened to one package. */
export const JobResult = lazily(() =>
  z.object({
    name: Line,
    action: z
      .enum([
        'installed',
        'upgraded',
        'downgraded',
        'reinstalled',
        'removed',
        'replaced',
        'held',
        'unheld',
        'unchanged',
        'failed',
      ])
      .meta({
        description:
          '`reinstalled`: unpacked anew in the same version; `replaced`: gone because another package took its place.',
      }),
    version_before: Line.nullable(),
    version_after: Line.nullable(),
    reason: Output.optional().meta({
      description: 'Why a wanted update was left out while the rest went in; for people.',
    }),
    error_code: Line.optional().meta({ description: 'The code of what was left out or failed.' }),
    security: z.boolean().optional().meta({
      description: 'Whether what it was `upgraded` to mends a security fault; absent where nobody knows.',
    }),
    kept_files: z.array(Line).max(1_000).optional().meta({
      description:
        'Configuration files that were changed on this host and stay so; what the package brings lies beside them (`.dpkg-dist`, `.rpmnew`). One that was moved aside is named by its new place (`.rpmsave`).',
    }),
  }),
);
export type JobResult = z.infer<typeof JobResult>;

/** A reboot of the host that a job asked for. */
export const JobReboot = lazily(() =>
  z.object({
    due_at: z.iso.datetime().meta({ description: 'By the clock of the host.' }),
    delay_seconds: z.int().nonnegative(),
    reasons: z.array(z.string().max(1_000)).max(100),
  }),
);
export type JobReboot = z.infer<typeof JobReboot>;

/** A version that a rollback needs and that is not to be had. */
export const UnavailableVersion = lazily(() =>
  z.object({
    name: Line,
    version: Line,
    available: z.array(Line).max(MAX_ENTRIES).meta({ description: 'What there is instead, newest first.' }),
  }),
);
export type UnavailableVersion = z.infer<typeof UnavailableVersion>;

/** What a program needs of why a job failed. */
export const JobErrorDetails = lazily(() =>
  z.object({
    removals: z.array(Line).max(MAX_ENTRIES).optional().meta({
      description: 'Of `DEPENDENCY_CONFLICT`: packages that nobody named and that would have to go.',
    }),
    difference: PlanDifference.optional().meta({ description: 'Of `PLAN_CHANGED`.' }),
    policy: PolicyDenial.optional().meta({ description: 'Of `POLICY_DENIED`.' }),
    service: JobServiceFailure.optional().meta({ description: 'Of `SERVICE_RESTART_ERROR`.' }),
    unavailable: z.array(UnavailableVersion).max(MAX_ENTRIES).optional().meta({
      description: 'Of `VERSION_NOT_AVAILABLE` of a rollback: every version that is not to be had.',
    }),
  }),
);
export type JobErrorDetails = z.infer<typeof JobErrorDetails>;

/** Answer of `GET /jobs/{id}`. */
export const Job = lazily(() =>
  z.object({
    job_id: z.uuid(),
    operation: z.enum(JOB_OPERATIONS),
    status: z.enum(JOB_STATUSES),
    state: z.enum(JOB_STATES),
    progress: z.int().min(0).max(100),
    progress_percent: z.int().min(0).max(100),
    message: Output,
    packages: z.array(Line).max(MAX_ENTRIES),
    service: ServiceUnit.nullable().optional().meta({
      description: 'What a `restart_service` is about; null or absent for other jobs.',
    }),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    updated_at: z.iso.datetime(),
    completed_at: z.iso.datetime().nullable(),
    logs: z.array(Output).max(MAX_ENTRIES),
    output: Output.nullable(),
    error: Output.nullable(),
    error_code: Line.nullable(),
    error_details: JobErrorDetails.nullable().optional(),
    exit_code: z.int().nullable(),
    command_stdout: Output.nullable(),
    command_stderr: Output.nullable(),
    results: z.array(JobResult).max(MAX_ENTRIES),
    reboot: JobReboot.nullable()
      .optional()
      .meta({ description: 'The reboot that follows this job; null or absent when none does.' }),
    old_code: JobOldCode.nullable().optional().meta({
      description:
        'What runs code that this job or an earlier one replaced; null or absent where nobody looked. Older agents leave it out.',
    }),
    rollback_job_id: z
      .uuid()
      .nullable()
      .meta({ description: 'Of a `rollback`: the job whose changes it takes back.' }),
    rolled_back_by: z.uuid().nullable().optional().meta({
      description:
        'The newest `rollback` that took the changes of this job back and completed; null where the host has none on record. Older agents leave it out.',
    }),
    exclusive_mode: z.boolean().meta({ description: 'Whether no other job runs beside it.' }),
    signed_by: JobKeyFingerprint.nullable().optional().meta({
      description:
        'Fingerprint of the job key that signed the request; null for an unsigned one. Older agents leave it out.',
    }),
    by_root: z.boolean().optional().meta({
      description:
        'Whether root of the host asked for it there, with a command of its own; absent where not.',
    }),
  }),
);
export type Job = z.infer<typeof Job>;

export const JobSummary = lazily(() =>
  Job.unwrap().pick({
    job_id: true,
    operation: true,
    status: true,
    state: true,
    progress_percent: true,
    message: true,
    packages: true,
    service: true,
    created_at: true,
    completed_at: true,
    error_code: true,
    by_root: true,
  }),
);
export type JobSummary = z.infer<typeof JobSummary>;

export const JobList = lazily(() =>
  z.object({
    jobs: z.array(JobSummary).max(MAX_ENTRIES),
    total: z.int().nonnegative(),
    limit: z.int().nullable(),
    offset: z.int().nonnegative(),
  }),
);
export type JobList = z.infer<typeof JobList>;

/** Older spellings of filter words. */
const STATUS_SPELLINGS: Record<string, JobStatus> = {
  timedout: 'timeout',
  timed_out: 'timeout',
  pending: 'queued',
  succeeded: 'completed',
};
const OPERATION_SPELLINGS: Record<string, JobOperation> = { patchapply: 'patch_apply' };

export const JobQuery = lazily(() =>
  z.strictObject({
    status: Line.transform((text) => STATUS_SPELLINGS[text.toLowerCase()] ?? text.toLowerCase())
      .pipe(z.enum(JOB_STATUSES))
      .optional(),
    operation: Line.transform((text) => OPERATION_SPELLINGS[text.toLowerCase()] ?? text.toLowerCase())
      .pipe(z.enum(JOB_OPERATIONS))
      .optional(),
    sort: z.enum(['created_at', 'updated_at']).optional(),
    ...paging,
  }),
);
export type JobQuery = z.infer<typeof JobQuery>;

/** Body of `POST /jobs/{id}/rollback`. */
export const RollbackRequest = lazily(() =>
  z.strictObject({ allow_removals: allowRemovals, plan_hash: PlanHash.optional() }),
);
export type RollbackRequest = z.infer<typeof RollbackRequest>;

/** The 202 of every operation that becomes a job. */
export const JobAccepted = lazily(() =>
  z.object({
    job_id: z.uuid(),
    status: z.literal('pending'),
    operation: z.enum(JOB_OPERATIONS),
    packages: z.array(Line).max(MAX_ENTRIES),
    package: Line.nullable(),
  }),
);
export type JobAccepted = z.infer<typeof JobAccepted>;

/** Answer of `DELETE /jobs/{id}`. */
export const JobDeleted = lazily(() =>
  z.object({
    job_id: z.uuid(),
    previous_status: z.enum(JOB_STATUSES),
    current_status: z.enum([...JOB_STATUSES, 'deleted']),
    action: z.enum(['cancelled', 'cancelling', 'deleted']),
  }),
);
export type JobDeleted = z.infer<typeof JobDeleted>;
