import { z } from 'zod';
import { IdempotencyKey } from '../agent-api/job-headers.ts';
import { JOB_OPERATIONS, JOB_STATUSES, JobReboot } from '../agent-api/jobs.ts';
import { lazily } from '../lazily.ts';
import { wholeNumber } from '../query.ts';
import { Line, Output } from '../text-bounds.ts';
import { inventoryPage } from './inventory.ts';

/** How far the manager is with what it was asked to have done on a host. */
export const FLEET_JOB_STATES = [
  /** It is the turn of other hosts: this one has not been asked. */
  'waiting',
  /** The host is asked, again and again while its answer is not known. */
  'asked',
  /** The host has it as a job. */
  'accepted',
  /** The job is over; `result` says how. */
  'ended',
  /** The host refused it, or was not reached; nothing was done. */
  'not_begun',
  /** Its turn never came: its act was stopped, it left, or a day was over. */
  'not_asked',
  /** Nobody can say what became of it. */
  'unknown',
] as const;
export type FleetJobState = (typeof FLEET_JOB_STATES)[number];

/** What jobs are looked for by: `completed` and `failed` are together what has ended. */
export const FLEET_JOB_FILTERS = [...FLEET_JOB_STATES, 'completed', 'failed'] as const;
export type FleetJobFilter = (typeof FLEET_JOB_FILTERS)[number];

/** What became of it. */
export const FleetJobResult = lazily(() =>
  z.object({
    status: z.enum(JOB_STATUSES).nullable().meta({ description: 'Of the job; null where there was none.' }),
    message: Output,
    error_code: Line.nullable(),
    changed: z
      .record(z.string().max(64), z.int().nonnegative())
      .meta({ description: 'How many packages, by what happened to them.' }),
    reboot: JobReboot.nullable(),
  }),
);
export type FleetJobResult = z.infer<typeof FleetJobResult>;

/** Something that this manager was asked to have done on a host. */
export const FleetJob = lazily(() =>
  z.object({
    id: z.uuid(),
    key: IdempotencyKey.meta({ description: 'By which the host knows it again.' }),
    host_id: z.uuid(),
    fqdn: z.string().meta({ description: 'As the host was called then.' }),
    operation: z.enum(JOB_OPERATIONS),
    actor: z.string().meta({ description: 'Who asked for it.' }),
    state: z.enum(FLEET_JOB_STATES).meta({
      description:
        '`waiting`: it is the turn of other hosts of the act; `asked`: the host is asked, until its answer is known; `accepted`: it has the job `job_id`; `ended`: that is over; `not_begun`: refused or not reached, nothing was done; `not_asked`: its turn never came, because the act was stopped, the host left or a day was over; `unknown`: nobody can say what became of it.',
    }),
    job_id: z.uuid().nullable().meta({ description: 'Of the host.' }),
    plan_hash: z.string().nullable().meta({ description: 'The plan that was approved.' }),
    act_id: z.uuid().nullable().meta({ description: 'Of which act on many hosts it is a part.' }),
    asked_at: z.iso
      .datetime()
      .meta({ description: 'When the host was asked; while it waits, when the manager was.' }),
    ended_at: z.iso.datetime().nullable(),
    result: FleetJobResult.nullable(),
  }),
);
export type FleetJob = z.infer<typeof FleetJob>;

/** Answer of `GET /jobs`. */
export const FleetJobs = lazily(() =>
  z.object({
    jobs: z.array(FleetJob).meta({ description: 'The newest first.' }),
    total: z.int().nonnegative().meta({ description: 'Before paging.' }),
  }),
);
export type FleetJobs = z.infer<typeof FleetJobs>;

export const FleetJobsQuery = lazily(() =>
  z.strictObject({
    host: z.string().min(1).max(253).optional().meta({ description: 'Id, name or address of a host.' }),
    job: z.uuid().optional().meta({ description: 'Id that the host gave it.' }),
    state: z.enum(FLEET_JOB_FILTERS).optional().meta({
      description: '`completed`: ended, and done; `failed`: ended otherwise.',
    }),
    act: z.uuid().optional().meta({ description: 'Only those of this act.' }),
    days: wholeNumber(1, 3_660).optional().meta({ description: 'Only of the last days.' }),
    ...inventoryPage,
  }),
);
