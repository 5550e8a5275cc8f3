import { type Job, type JobAccepted, type JobReboot, PatchError, type Plan } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { describeEnd, describePlan } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { parallelism } from './arguments.ts';
import { chooseHosts, HOSTS_HELP, isSeveral } from './choose-hosts.ts';
import { type CommandContext, print } from './command-context.ts';
import { EXIT } from './exit-codes.ts';
import { followJob } from './follow-job.ts';
import { describeDue, followReboot } from './follow-reboot.ts';
import { onSeveralHosts, outcomeOfPlan, workOfJob } from './several-hosts.ts';

/** How an act goes. */
export interface Course {
  readonly dryRun?: boolean;
  /** False for the plan that the lists of the host give as they are. */
  readonly refresh?: boolean;
  readonly wait?: boolean;
  /** Whether a host may reboot afterwards; `wait` then is until it is back. */
  readonly reboot?: boolean;
  /** How many hosts at a time. */
  readonly parallel: number;
}

/** What is done on a host. */
export interface Act {
  /** The plan that was approved. */
  readonly approved?: string | undefined;
  /** What it would do; undefined where that is not asked. */
  readonly plan?: (context: CommandContext, host: string, course: Course) => Promise<Plan>;
  readonly start: (context: CommandContext, host: string) => Promise<JobAccepted>;
}

/** Options of an act that may be on several hosts. */
export function withParallel(command: Command): Command {
  return command
    .option('--parallel <count>', 'how many hosts at a time', parallelism, 8)
    .addHelpText('after', HOSTS_HELP);
}

/** Options of an act that is a job, perhaps on several hosts. */
export function withCourse(command: Command, wish: { readonly plans: boolean }): Command {
  return withParallel(withOwnCourse(command, wish));
}

/** Options of an act that is a job of one host. */
export function withOwnCourse(command: Command, { plans }: { readonly plans: boolean }): Command {
  if (plans)
    command
      .option('--dry-run', 'show what would be done, to which versions, and what stays out and why')
      .option('--no-refresh', 'with --dry-run: plan from the package lists as the host has them');
  return command.option('--wait', 'show progress and wait for the end, over restarts of agent and manager');
}

function requireOneWay({ approved }: Act, { dryRun }: Course): void {
  if (dryRun && approved !== undefined)
    throw new PatchError('INVALID_REQUEST', '--plan applies and --dry-run does not; say one of them.');
}

/** Does it on one host, or on several with one table at the end. Returns the exit code. */
export async function actOn(
  context: CommandContext,
  reference: string,
  act: Act,
  course: Course,
): Promise<number> {
  requireOneWay(act, course);
  const may = course.dryRun && act.plan ? 'hosts:read' : 'hosts:patch';
  if (isSeveral(reference))
    return actOnSeveral(context, await chooseHosts(context, reference, may), act, course);
  if (course.dryRun && act.plan) return showPlan(context, await act.plan(context, reference, course));
  const accepted = await act.start(context, reference);
  if (!course.wait) return showAccepted(context, reference, accepted);
  const job = await followJob(context, { host: reference, jobId: accepted.job_id });
  return showEnded(context, job);
}

/** Does it on these hosts, with one table at the end. Returns the exit code. */
export async function actOnSeveral(
  context: CommandContext,
  hosts: readonly string[],
  act: Act,
  course: Course,
): Promise<number> {
  const { plan } = act;
  if (course.dryRun && plan)
    return onSeveralHosts(context, hosts, course, async (host) =>
      outcomeOfPlan(await plan(context, host, course)),
    );
  return onSeveralHosts(
    context,
    hosts,
    course,
    workOfJob(context, (host) => act.start(context, host), course),
  );
}

/**
 * Does it on one host, and waits for its end and for the reboot that follows it. Returns the exit code.
 * @param bootId of the boot before it; null where that is not known
 */
export async function actUntilBack(
  context: CommandContext,
  host: string,
  act: Act,
  bootId: string | null,
): Promise<number> {
  const { job_id: jobId } = await act.start(context, host);
  const job = await followJob(context, { host, jobId });
  const code = showEnded(context, job);
  return code === EXIT.done && job.reboot
    ? followReboot(context, host, { reboot: job.reboot, bootId })
    : code;
}

const APPROVE = 'To do exactly this, repeat the command with --plan and this hash instead of --dry-run.';

function showPlan(context: CommandContext, plan: Plan): number {
  const { nowMs } = context;
  print(context, plan, () => describePlan(plan, { nowMs, approve: APPROVE }));
  return EXIT.done;
}

function showAccepted(context: CommandContext, host: string, accepted: JobAccepted): number {
  print(
    context,
    accepted,
    () => `Job ${accepted.job_id} is queued on ${host}; look with "jobs ${host} ${accepted.job_id}".`,
  );
  return EXIT.done;
}

function rebootWords(reboot: JobReboot, nowMs: number): string {
  return printableLine(`The host ${describeDue(reboot, nowMs)}: ${reboot.reasons.join('; ')}`);
}

function summary(context: CommandContext, job: Job): string {
  const words = describeEnd(job, context.nowMs);
  const { reboot } = job;
  if (job.status !== 'completed' || !reboot || job.results.length === 0) return words;
  return `${words}\n${rebootWords(reboot, context.nowMs)}`;
}

/** Shows how a job ended. */
function showEnded(context: CommandContext, job: Job): number {
  print(context, job, () => summary(context, job));
  return job.status === 'completed' ? EXIT.done : EXIT.failed;
}
