import {
  type ApplyRequest,
  DEFAULT_REBOOT_DELAY_SECONDS,
  type Job,
  type JobReboot,
  MANAGER_ADMIN_ROUTES,
  PatchError,
} from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import type { Command } from 'commander';
import { collect, delay, planHash } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import type { CommandLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { followJob } from './follow-job.ts';
import { announceReboot, followReboot } from './follow-reboot.ts';
import { describeJob, describeResults } from './host-commands.ts';
import { describePlan } from './plan-view.ts';
import { relativeTime } from './table.ts';

/** What to patch, and what that may do. */
interface PatchTarget {
  readonly all?: boolean;
  readonly security?: boolean;
  readonly exclude?: readonly string[];
  readonly requireAllSources?: boolean;
  readonly allowRemovals?: boolean;
  /** The plan that was approved. */
  readonly plan?: string;
}

/** How it goes. */
interface PatchCourse {
  readonly dryRun?: boolean;
  /** False for the plan that the lists of the host give as they are. */
  readonly refresh?: boolean;
  readonly reboot?: boolean;
  /** Seconds. */
  readonly rebootDelay?: number;
  readonly wait?: boolean;
}

/** What the command line says. */
interface PatchOrder {
  readonly names: readonly string[];
  readonly target: PatchTarget;
  readonly course: PatchCourse;
}

function delayOf({ rebootDelay = DEFAULT_REBOOT_DELAY_SECONDS }: PatchCourse): number {
  return rebootDelay;
}

/** The request; what to patch must be said, because guessing "everything" is how fleets break. */
function requestOf({ names, target, course }: PatchOrder): ApplyRequest {
  const exclude = target.exclude?.length ? { exclude_packages: [...target.exclude] } : {};
  const common = {
    ...exclude,
    ...(target.requireAllSources ? { require_all_sources: true } : {}),
    ...(target.allowRemovals ? { allow_removals: true } : {}),
    ...(target.plan === undefined ? {} : { plan_hash: target.plan }),
    ...(course.reboot ? { allow_reboot: true, reboot_delay_seconds: delayOf(course) } : {}),
  };
  if (names.length > 0 && target.all)
    throw new PatchError('INVALID_REQUEST', 'Packages and --all contradict each other; say one of them.');
  if (names.length > 0)
    return { patches: [...names], ...(target.security ? { security_only: true } : {}), ...common };
  if (target.all || target.security)
    return { all: true, ...(target.security ? { security_only: true } : {}), ...common };
  throw new PatchError(
    'INVALID_REQUEST',
    'Say what to patch: package names, --security for security updates, or --all for every pending update. Nothing was changed.',
  );
}

function rebootWords({ due_at, reasons }: JobReboot, nowMs: number): string {
  return printableLine(`The host reboots ${relativeTime(due_at, nowMs)}: ${reasons.join('; ')}`);
}

function summary(context: CommandContext, job: Job): string {
  if (job.status !== 'completed') return describeJob(job, context.nowMs);
  // The message has what stays out and why, and what else is wrong on the host.
  const lines = job.results.length === 0 ? [job.message] : [describeResults(job), job.message];
  if (job.reboot && job.results.length > 0) lines.push(rebootWords(job.reboot, context.clock.now()));
  return lines.join('\n');
}

/** `patch --dry-run` */
async function planHost(context: CommandContext, host: string, order: PatchOrder): Promise<number> {
  if (order.target.plan !== undefined)
    throw new PatchError('INVALID_REQUEST', '--plan applies and --dry-run does not; say one of them.');
  const body = requestOf(order);
  const query = { refresh: order.course.refresh === false ? undefined : 'true' };
  const plan = await context.api.call(MANAGER_ADMIN_ROUTES.hostPlan, { params: { id: host }, query, body });
  print(context, plan, () => describePlan(plan, context.nowMs));
  return EXIT.done;
}

/** `patch`; returns the exit code. */
async function patchHost(context: CommandContext, host: string, order: PatchOrder): Promise<number> {
  const { course } = order;
  if (course.dryRun) return planHost(context, host, order);
  const body = requestOf(order);
  const bootId = course.reboot ? await announceReboot(context, host, delayOf(course)) : null;
  const accepted = await context.api.call(MANAGER_ADMIN_ROUTES.hostApply, { params: { id: host }, body });
  if (!course.wait) {
    print(
      context,
      accepted,
      () => `Job ${accepted.job_id} is queued on ${host}; look with "jobs ${host} ${accepted.job_id}".`,
    );
    return EXIT.done;
  }
  const job = await followJob(context, { host, jobId: accepted.job_id });
  print(context, job, () => summary(context, job));
  if (job.status !== 'completed') return EXIT.failed;
  return job.reboot ? followReboot(context, host, { reboot: job.reboot, bootId }) : EXIT.done;
}

/** Adds `patch` to the command line. */
export function addPatchCommand({ program, add, run }: CommandLine): void {
  add(program, 'patch <host> [packages...]', 'apply updates on a host')
    .option('--all', 'every pending update')
    .option('--security', 'security updates')
    .option('--exclude <pattern>', 'leave packages out; may be repeated', collect)
    .option('--dry-run', 'show what would be done, to which versions, and what stays out and why')
    .option('--no-refresh', 'with --dry-run: plan from the package lists as the host has them')
    .option(
      '--plan <hash>',
      'do exactly what the plan of this hash said, or nothing; the rest of the command is that of the dry run',
      planHash,
    )
    .option('--allow-removals', 'let packages go that an update does not fit with')
    .option(
      '--require-all-sources',
      'apply nothing while a package source cannot be refreshed (without it the configuration of the host counts)',
    )
    .option(
      '--reboot',
      'let the host reboot after the job when it needs to, for these updates or earlier ones',
    )
    .option(
      '--reboot-delay <time>',
      'how long before: 0, 5m, 2h (default: 5m); on the host "shutdown -c" cancels',
      delay,
    )
    .option(
      '--wait',
      'show progress and wait for the end, also of a reboot, over restarts of agent and manager',
    )
    .action((id: string, names: string[], target: PatchTarget, command: Command) =>
      run(command, (context) =>
        patchHost(context, id, { names, target, course: command.opts<PatchCourse>() }),
      ),
    );
}
