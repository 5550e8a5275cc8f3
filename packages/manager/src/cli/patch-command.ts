import {
  type ApplyRequest,
  DEFAULT_REBOOT_DELAY_SECONDS,
  MANAGER_ADMIN_ROUTES,
  PatchError,
} from '@linux-patch/contract';
import type { Command } from 'commander';
import { type Act, actOn, actOnSeveral, actUntilBack, type Course, withCourse } from './act.ts';
import { collect, delay, planHash } from './arguments.ts';
import { findHosts, isSeveral } from './choose-hosts.ts';
import type { CommandContext } from './command-context.ts';
import type { CommandLine } from './command-line.ts';
import { announceReboot, describeReboots } from './follow-reboot.ts';

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
interface PatchCourse extends Course {
  /** Seconds. */
  readonly rebootDelay?: number;
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

function patching(order: PatchOrder): Act {
  const body = requestOf(order);
  return {
    approved: order.target.plan,
    plan: (context, host, { refresh }) =>
      context.api.call(MANAGER_ADMIN_ROUTES.hostPlan, {
        params: { id: host },
        query: { refresh: refresh === false ? undefined : 'true' },
        body,
      }),
    start: (context, host) =>
      context.api.call(MANAGER_ADMIN_ROUTES.hostApply, { params: { id: host }, body }),
  };
}

/** `patch`; returns the exit code. */
async function patch(context: CommandContext, reference: string, order: PatchOrder): Promise<number> {
  const { course } = order;
  const act = patching(order);
  if (course.dryRun || !course.reboot) return actOn(context, reference, act, course);
  if (isSeveral(reference)) {
    const hosts = await findHosts(context, reference, 'hosts:patch');
    const { wait = false, parallel } = course;
    context.stderr(`${describeReboots(hosts, { delaySeconds: delayOf(course), wait, parallel })}\n`);
    return actOnSeveral(
      context,
      hosts.map(({ fqdn }) => fqdn),
      act,
      course,
    );
  }
  const bootId = await announceReboot(context, reference, delayOf(course));
  if (!course.wait) return actOn(context, reference, act, course);
  return actUntilBack(context, reference, act, bootId);
}

/** Adds `patch` to the command line. */
export function addPatchCommand({ program, add, run }: CommandLine): void {
  withCourse(add(program, 'patch <hosts> [packages...]', 'apply updates on hosts'), { plans: true })
    .option('--all', 'every pending update')
    .option('--security', 'security updates')
    .option('--exclude <pattern>', 'leave packages out; may be repeated', collect)
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
      'let the host reboot after the job when it needs to, for these updates or earlier ones; --wait waits until it is back, and of several hosts so many reboot at a time as --parallel says',
    )
    .option(
      '--reboot-delay <time>',
      'how long before: 0, 5m, 2h (default: 5m); on the host "shutdown -c" cancels',
      delay,
    )
    .action((hosts: string, names: string[], target: PatchTarget, command: Command) =>
      run(command, (context) =>
        patch(context, hosts, { names, target, course: command.opts<PatchCourse>() }),
      ),
    );
}
