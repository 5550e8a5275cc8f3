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
import { collect, delay } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import type { CommandLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { followJob } from './follow-job.ts';
import { announceReboot, followReboot } from './follow-reboot.ts';
import { describeJob, describeResults } from './host-commands.ts';
import { relativeTime } from './table.ts';

interface PatchOptions {
  readonly all?: boolean;
  readonly security?: boolean;
  readonly exclude?: readonly string[];
  readonly requireAllSources?: boolean;
  readonly reboot?: boolean;
  /** Seconds. */
  readonly rebootDelay?: number;
  readonly wait?: boolean;
}

function delayOf({ rebootDelay = DEFAULT_REBOOT_DELAY_SECONDS }: PatchOptions): number {
  return rebootDelay;
}

/** The request; what to patch must be said, because guessing "everything" is how fleets break. */
function requestOf(names: readonly string[], options: PatchOptions): ApplyRequest {
  const exclude = options.exclude?.length ? { exclude_packages: [...options.exclude] } : {};
  const common = {
    ...exclude,
    ...(options.requireAllSources ? { require_all_sources: true } : {}),
    ...(options.reboot ? { allow_reboot: true, reboot_delay_seconds: delayOf(options) } : {}),
  };
  if (names.length > 0 && options.all)
    throw new PatchError('INVALID_REQUEST', 'Packages and --all contradict each other; say one of them.');
  if (names.length > 0)
    return { patches: [...names], ...(options.security ? { security_only: true } : {}), ...common };
  if (options.all || options.security)
    return { all: true, ...(options.security ? { security_only: true } : {}), ...common };
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

/** `patch`; returns the exit code. */
async function patchHost(
  context: CommandContext,
  host: string,
  names: readonly string[],
  options: PatchOptions,
): Promise<number> {
  const body = requestOf(names, options);
  const bootId = options.reboot ? await announceReboot(context, host, delayOf(options)) : null;
  const accepted = await context.api.call(MANAGER_ADMIN_ROUTES.hostApply, { params: { id: host }, body });
  if (!options.wait) {
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
    .action((id: string, names: string[], options: PatchOptions, command: Command) =>
      run(command, (context) => patchHost(context, id, names, options)),
    );
}
