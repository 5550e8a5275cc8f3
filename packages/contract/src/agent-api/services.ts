import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { queryFlag } from '../query.ts';
import { Line } from '../text-bounds.ts';

/** Whether something runs code that is not what lies on the disk now; what could not be looked at is `unknown`. */
export const OldCode = z.enum(['yes', 'no', 'unknown']);
export type OldCode = z.infer<typeof OldCode>;

/** Name of a service, as its manager has it: `ssh.service` of systemd, `sshd` of OpenRC. */
export const ServiceName = z
  .string()
  .max(256)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9:_.\\@+-]*$/,
    'a service name starts with a letter or digit and has letters, digits and : _ . \\ @ + - only',
  );

/** Name of a service of systemd, whole (systemd.unit(5)): a template without its instance is none. */
export const ServiceUnit = z
  .string()
  .max(255)
  .regex(
    /^[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\-]*(?:@[A-Za-z0-9:_.\\@-]+)?\.service$/,
    'must be the whole name of a service of systemd, such as ssh.service or getty@tty1.service',
  );

/** A process that runs code which was replaced or removed since it started. */
export const OutdatedProcess = lazily(() =>
  z.object({
    pid: z.int().positive(),
    program: Line.meta({ description: 'Its command name, at most 15 characters (proc_pid_comm(5)).' }),
    files: z.array(Line).max(10).meta({
      description: 'Programs and libraries that it runs in their former state; at most ten of them.',
    }),
    more_files: z.int().nonnegative().meta({ description: 'How many are not named.' }),
  }),
);
export type OutdatedProcess = z.infer<typeof OutdatedProcess>;

/** A service of which a process runs. */
export const RunningService = lazily(() =>
  z.object({
    name: ServiceName,
    manager: z.enum(['systemd', 'openrc']),
    processes: z.int().positive(),
    old_code: OldCode.meta({
      description:
        '`yes`: a restart of it takes up the new code; `unknown`: a process of it could not be looked at.',
    }),
    outdated: z.array(OutdatedProcess).max(100),
  }),
);
export type RunningService = z.infer<typeof RunningService>;

/** Query of `GET /api/v1/system/services`. */
export const ServiceQuery = lazily(() =>
  z.strictObject({
    outdated: queryFlag
      .optional()
      .meta({ description: '`true`: those that run old code, or of which that is unknown, and no others.' }),
  }),
);
export type ServiceQuery = z.infer<typeof ServiceQuery>;

/** Answer of `GET /api/v1/system/services`. */
export const ServiceList = lazily(() =>
  z.object({
    services: z.array(RunningService).max(2_000),
    others: z
      .array(
        OutdatedProcess.unwrap().extend({
          belongs_to: Line.nullable().meta({
            description: '`session-3.scope`, `user@1000.service`, `init.scope`; null where nothing is known.',
          }),
        }),
      )
      .max(500)
      .meta({ description: 'Processes that run old code and belong to no service that could be restarted.' }),
    elsewhere: z.int().nonnegative().meta({
      description: 'Processes with another root than this host, as those of containers: not looked at.',
    }),
    unknown: z
      .array(z.object({ reason: Line, processes: z.int().positive() }))
      .max(20)
      .meta({ description: 'Processes that could not be looked at, and why.' }),
    left_out: z.int().nonnegative().meta({
      description: 'Processes that run old code and are named nowhere, because the answer is full.',
    }),
    complete: z.boolean().meta({
      description: 'False when `unknown` or `left_out` is not empty: then there may be more than is said.',
    }),
    looked_at: z.iso.datetime(),
  }),
);
export type ServiceList = z.infer<typeof ServiceList>;

const Word = z.string().max(64);

/** Answer of `GET /api/v1/system/services/{name}`. */
export const ServiceState = lazily(() =>
  z.object({
    name: ServiceUnit.meta({
      description: 'As systemd calls it; it may have been asked for by another name.',
    }),
    display_name: Line,
    load_state: Word.meta({ description: '`loaded`, `masked`, `bad-setting` … (systemctl(1)).' }),
    active_state: Word.meta({
      description: '`active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating` …',
    }),
    sub_state: Word.meta({ description: '`running`, `exited`, `dead`, `auto-restart` …' }),
    enabled_state: Word.nullable().meta({ description: '`enabled`, `disabled`, `static` …' }),
    main_pid: z.int().positive().nullable(),
    since: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'When its state last changed, by the clock of the host.' }),
    healthy: z.boolean().meta({ description: 'Whether it is `active`.' }),
    old_code: OldCode.meta({
      description: '`unknown`: a process of it could not be looked at, or nobody knows which are its.',
    }),
    outdated: z.array(OutdatedProcess).max(100),
  }),
);
export type ServiceState = z.infer<typeof ServiceState>;

/** How a service is that could not be restarted. */
export const JobServiceFailure = lazily(() =>
  z.object({
    name: ServiceUnit,
    result: Word.meta({ description: '`exit-code`, `timeout`, `signal` … (systemd.service(5)).' }),
    active_state: Word,
    sub_state: Word,
    exit_status: z.int().nullable().meta({ description: 'Of its main program.' }),
    journal: z.array(z.string().max(512)).max(20).meta({
      description: 'The last lines that it, and systemd about it, have written since the restart began.',
    }),
  }),
);
export type JobServiceFailure = z.infer<typeof JobServiceFailure>;

/** What runs old code after a job. */
export const JobOldCode = lazily(() =>
  z.object({
    services: z
      .array(ServiceName)
      .max(2_000)
      .meta({ description: 'Services that run code which was replaced: restart them.' }),
    others: z
      .int()
      .nonnegative()
      .meta({ description: 'Other processes that do, as those of people who are logged in.' }),
    unknown: z
      .int()
      .nonnegative()
      .meta({ description: 'Processes that could not be looked at, or are not named.' }),
  }),
);
export type JobOldCode = z.infer<typeof JobOldCode>;
