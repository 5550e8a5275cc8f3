import {
  FLEET_JOB_FILTERS,
  type FleetJob,
  type FleetJobResult,
  MANAGER_ADMIN_ROUTES,
  messageOf,
  PatchError,
} from '@linux-patch/contract';
import { describeJob, pastTime, renderTable } from '@linux-patch/runtime/printed';
import { type Command, Option } from 'commander';
import { historyDays } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { describePage, type Page, paged, pageQuery } from './page.ts';

/** Who asked for a job of a host, by the records of this manager. */
async function whoAsked({ api }: CommandContext, host: string, job: string): Promise<string> {
  try {
    const { jobs } = await api.call(MANAGER_ADMIN_ROUTES.fleetJobs, { query: { host, job, limit: '1' } });
    return jobs[0]?.actor ?? 'somebody else than this manager, or it was more than two years ago';
  } catch (error) {
    return `? not known: ${messageOf(error)}`;
  }
}

/** `jobs` of one host, as it tells of them */
async function showHostJobs(context: CommandContext, id: string, jobId: string | undefined): Promise<void> {
  if (jobId !== undefined) {
    const job = await context.api.call(MANAGER_ADMIN_ROUTES.hostJob, { params: { id, job: jobId } });
    const askedBy = job.by_root ? undefined : await whoAsked(context, id, job.job_id);
    return print(context, job, () => describeJob(job, context.nowMs, askedBy));
  }
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.hostJobs, { params: { id } });
  print(context, data, () =>
    data.jobs.length === 0
      ? 'No jobs.'
      : renderTable(
          ['JOB', 'OPERATION', 'STATUS', 'CREATED', 'NOTES', 'MESSAGE'],
          data.jobs.map((job) => [
            job.job_id,
            job.operation,
            job.status,
            pastTime(job.created_at, context.nowMs),
            job.by_root ? 'by root of the host' : '',
            job.message,
          ]),
        ),
  );
}

interface FleetJobOptions extends Page {
  readonly state?: string;
  readonly act?: string;
  readonly days?: number;
}

/** What changed, in few words: `3 upgraded, 1 installed`. */
export function changeWords(changed: FleetJobResult['changed']): string {
  return Object.entries(changed)
    .map(([action, count]) => `${count} ${action}`)
    .join(', ');
}

function resultWords({ state, result }: FleetJob): string {
  if (result === null) return '';
  if (state === 'ended' && result.status === 'completed')
    return changeWords(result.changed) || 'nothing changed';
  return result.error_code === null ? result.message : `${result.error_code}: ${result.message}`;
}

function stateWords({ state, result }: FleetJob): string {
  switch (state) {
    case 'waiting':
      return 'waits for its turn';
    case 'asked':
      return 'asked, no answer yet';
    case 'accepted':
      return 'on the host';
    case 'ended':
      return result?.status ?? 'ended';
    case 'not_begun':
      return 'not begun';
    case 'not_asked':
      return 'never asked';
    case 'unknown':
      return 'UNKNOWN';
  }
}

/** `jobs` of the whole fleet, as the manager has them on record */
async function showFleetJobs(context: CommandContext, options: FleetJobOptions): Promise<void> {
  const { state, act } = options;
  const query = { state, act, days: options.days?.toString(), ...pageQuery(options) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.fleetJobs, { query });
  const { nowMs } = context;
  print(context, data, () => {
    if (data.total === 0) return 'No jobs.';
    return [
      renderTable(
        ['HOST', 'JOB', 'OPERATION', 'STATE', 'ASKED', 'BY', 'RESULT'],
        data.jobs.map((one) => [
          one.fqdn,
          one.job_id ?? '-',
          one.operation,
          stateWords(one),
          pastTime(one.asked_at, nowMs),
          one.actor,
          resultWords(one),
        ]),
      ),
      ...describePage(data.jobs.length, data.total, options),
    ].join('\n');
  });
}

/** `jobs` */
async function showJobs(
  context: CommandContext,
  { host, job }: { readonly host: string | undefined; readonly job: string | undefined },
  options: FleetJobOptions,
): Promise<void> {
  if (host === undefined) return showFleetJobs(context, options);
  const ofFleet = [options.state, options.act, options.days, options.limit, options.offset];
  if (ofFleet.some((value) => value !== undefined))
    throw new PatchError(
      'INVALID_REQUEST',
      `--state, --act, --days, --limit and --offset are about the jobs of the fleet; "jobs ${host}" asks the host for all of its own.`,
    );
  return showHostJobs(context, host, job);
}

/** `cancel` */
async function cancelJob(context: CommandContext, id: string, job: string): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.cancelHostJob, { params: { id, job } });
  print(context, data, () => {
    const see = `linux-patch-manager jobs ${id} ${job}`;
    switch (data.action) {
      case 'cancelling':
        return `The job ${job} is being cancelled. See how it ends: ${see}`;
      case 'cancelled':
        return `The job ${job} is cancelled; it had not begun.`;
      case 'deleted':
        return `The job ${job} ended in this very moment, and its record on the host is gone. What it changed: linux-patch-manager hosts changes ${id}`;
    }
  });
}

/** Adds `jobs` and `cancel` to the command line. */
export function addJobCommands({ program, add, run }: CommandLine): void {
  add(program, 'cancel <host> <job>', 'cancel a job of a host that waits or runs').action(
    (id: string, job: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => cancelJob(context, id, job)),
      ),
  );
  paged(
    add(
      program,
      'jobs [host] [job]',
      'what hosts were asked to do, by whom, and what became of it; with a host: its own jobs, or one of them',
    ),
  )
    .addOption(new Option('--state <state>', 'only these').choices(FLEET_JOB_FILTERS))
    .option('--act <act>', 'only those of an act on many hosts')
    .option('--days <days>', 'only of the last days', historyDays)
    .action((host: string | undefined, job: string | undefined, options: FleetJobOptions, command: Command) =>
      run(
        command,
        quietly((context) => showJobs(context, { host, job }, options)),
      ),
    );
}
