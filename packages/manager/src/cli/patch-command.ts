import { type ApplyRequest, type Job, MANAGER_ADMIN_ROUTES, PatchError } from '@linux-patch/contract';
import type { Command } from 'commander';
import { z } from 'zod';
import { collect } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import type { CommandLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { describeJob, describeResults } from './host-commands.ts';
import { createProgressDisplay, JobProgress } from './progress.ts';

interface PatchOptions {
  readonly all?: boolean;
  readonly security?: boolean;
  readonly exclude?: readonly string[];
  readonly reboot?: boolean;
  readonly wait?: boolean;
}

const Failed = z.object({ code: z.string(), message: z.string() });

/** The request; what to patch must be said, because guessing "everything" is how fleets break. */
function requestOf(names: readonly string[], options: PatchOptions): ApplyRequest {
  const exclude = options.exclude?.length ? { exclude_packages: [...options.exclude] } : {};
  const common = { ...exclude, ...(options.reboot ? { allow_reboot: true } : {}) };
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

async function watch(context: CommandContext, host: string, jobId: string): Promise<void> {
  const path = MANAGER_ADMIN_ROUTES.hostJobEvents.path
    .replace('{id}', encodeURIComponent(host))
    .replace('{job}', jobId);
  const display = createProgressDisplay({
    write: context.json ? context.stderr : context.stdout,
    redraw: context.json ? undefined : context.redraw,
  });
  try {
    for await (const [event, data] of context.api.events(path, context.signal)) {
      if (event === 'progress') display.show(JobProgress.parse(JSON.parse(data)));
      if (event === 'failed') {
        const { message } = Failed.parse(JSON.parse(data));
        throw new PatchError(
          'AGENT_UNREACHABLE',
          `The job can no longer be watched: ${message} It may still be running; look with "jobs ${host} ${jobId}".`,
        );
      }
    }
  } finally {
    display.end();
  }
}

function summary(context: CommandContext, job: Job): string {
  if (job.status !== 'completed') return describeJob(job, context.nowMs);
  return job.results.length === 0 ? 'Done; nothing had to change.' : describeResults(job);
}

/** `patch`; returns the exit code. */
async function patchHost(
  context: CommandContext,
  host: string,
  names: readonly string[],
  options: PatchOptions,
): Promise<number> {
  const body = requestOf(names, options);
  const accepted = await context.api.call(MANAGER_ADMIN_ROUTES.hostApply, { params: { id: host }, body });
  if (!options.wait) {
    print(
      context,
      accepted,
      () => `Job ${accepted.job_id} is queued on ${host}; look with "jobs ${host} ${accepted.job_id}".`,
    );
    return EXIT.done;
  }
  await watch(context, host, accepted.job_id);
  const job = await context.api.call(MANAGER_ADMIN_ROUTES.hostJob, {
    params: { id: host, job: accepted.job_id },
  });
  print(context, job, () => summary(context, job));
  return job.status === 'completed' ? EXIT.done : EXIT.failed;
}

/** Adds `patch` to the command line. */
export function addPatchCommand({ program, add, run }: CommandLine): void {
  add(program, 'patch <host> [packages...]', 'apply updates on a host')
    .option('--all', 'every pending update')
    .option('--security', 'security updates')
    .option('--exclude <pattern>', 'leave packages out; may be repeated', collect)
    .option('--reboot', 'let the host reboot when the updates need it')
    .option('--wait', 'show progress and wait for the end')
    .action((id: string, names: string[], options: PatchOptions, command: Command) =>
      run(command, (context) => patchHost(context, id, names, options)),
    );
}
