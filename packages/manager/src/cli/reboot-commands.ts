import {
  DEFAULT_REBOOT_DELAY_SECONDS,
  MANAGER_ADMIN_ROUTES,
  type RebootRequest,
} from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { enumerate } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { type Act, actOn, actOnSeveral, actUntilBack, type Course, withCourse } from './act.ts';
import { delay } from './arguments.ts';
import { chooseHosts, isSeveral } from './choose-hosts.ts';
import type { CommandContext } from './command-context.ts';
import type { CommandLine } from './command-line.ts';
import { hostWords } from './counted-names.ts';
import { bootOf, cancelWords } from './follow-reboot.ts';

interface RebootCourse extends Course {
  /** Seconds. */
  readonly delay?: number;
  readonly reason?: string;
}

/** How many hosts of several are named. */
const NAMED = 8;

function rebooting(body: RebootRequest): Act {
  return {
    start: (context, host) =>
      context.api.call(MANAGER_ADMIN_ROUTES.hostReboot, { params: { id: host }, body }),
  };
}

const CANCELLING: Act = {
  start: (context, host) => context.api.call(MANAGER_ADMIN_ROUTES.hostCancelReboot, { params: { id: host } }),
};

function describeWish(hosts: readonly string[], seconds: number, { wait, parallel }: RebootCourse): string {
  const when = seconds === 0 ? 'at once' : `after ${Math.ceil(seconds / 60)} min`;
  return printableLine(
    `${hostWords(hosts.length)} (${enumerate(hosts, NAMED)}): each reboots ${when}, whether it needs to or not.${cancelWords(seconds)} ` +
      (wait
        ? `At most ${hostWords(parallel)} at a time, each until it is back.`
        : 'Nobody waits for these reboots.'),
  );
}

/** `reboot`; returns the exit code. */
async function reboot(context: CommandContext, reference: string, course: RebootCourse): Promise<number> {
  const { delay: delaySeconds = DEFAULT_REBOOT_DELAY_SECONDS, reason } = course;
  const act = rebooting({ delay_seconds: delaySeconds, ...(reason === undefined ? {} : { reason }) });
  if (isSeveral(reference)) {
    const hosts = await chooseHosts(context, reference, 'hosts:patch');
    context.stderr(`${describeWish(hosts, delaySeconds, course)}\n`);
    return actOnSeveral(context, hosts, act, { ...course, reboot: true });
  }
  if (!course.wait) return actOn(context, reference, act, course);
  return actUntilBack(context, reference, act, await bootOf(context, reference));
}

/** Adds the reboots of hosts to the command line. */
export function addRebootCommands({ program, add, run }: CommandLine): void {
  withCourse(
    add(
      program,
      'reboot <hosts>',
      'reboot hosts, whether they need it or not; --wait waits until they are back, and of several so many reboot at a time as --parallel says',
    ),
    { plans: false },
  )
    .option(
      '--delay <time>',
      'how long before: 0, 5m, 2h (default: 5m); whoever is logged in is told, and "shutdown -c" on the host cancels',
      delay,
    )
    .option('--reason <text>', 'told to whoever is logged in, one line')
    .action((hosts: string, _options: object, command: Command) =>
      run(command, (context) => reboot(context, hosts, command.opts<RebootCourse>())),
    );
  withCourse(
    add(program, 'cancel-reboot <hosts>', 'cancel reboots that are still to come, whoever asked for them'),
    { plans: false },
  ).action((hosts: string, _options: object, command: Command) =>
    run(command, (context) => actOn(context, hosts, CANCELLING, command.opts<Course>())),
  );
}
