import {
  type ApplyRequest,
  DEFAULT_REBOOT_DELAY_SECONDS,
  type InstallRequest,
  PackageName,
  PackageVersion,
  PlanHash,
} from '@linux-patch/contract';
import { type Command, InvalidArgumentError } from 'commander';
import type { ChangeCourse, ChangeInvocation } from './change.ts';
import type { AskedChange } from './change-request.ts';
import { checked, excluded, jobId, packageNames } from './read-arguments.ts';

/** Passes on what a command asks for. */
type Accept = (command: Command, invocation: ChangeInvocation) => void;

interface Course {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly refresh?: boolean;
  readonly wait: boolean;
  readonly json?: boolean;
  readonly plan?: string;
}

interface ApplyOptions {
  readonly all?: boolean;
  readonly security?: boolean;
  readonly exclude: readonly string[];
  readonly allowRemovals?: boolean;
  readonly requireAllSources?: boolean;
  readonly reboot?: boolean;
  readonly rebootDelay: number;
}

interface InstallOptions {
  readonly recommends: boolean;
  readonly allowDowngrade?: boolean;
  readonly allowRemovals?: boolean;
}

interface RemoveOptions {
  readonly purge?: boolean;
  readonly allowRemovals?: boolean;
}

/** Adds what root of this host may have changed. */
export function addChangeCommands(program: Command, accept: Accept): void {
  const pass = (command: Command, change: AskedChange): void => {
    const own = command.opts<Course>();
    if (own.dryRun && own.plan !== undefined)
      command.error('error: --plan applies and --dry-run does not; say one of them');
    accept(command, { mode: 'change', json: own.json ?? false, change, course: courseOf(own) });
  };
  addApply(program, pass);
  addInstallAndRemove(program, pass);
  withPlan(
    program
      .command('rollback')
      .description(
        'bring packages back to the versions that they had before a job, all of them or none (needs root)',
      )
      .argument('<job>', 'as "jobs" shows it', jobId)
      .option('--allow-removals', 'let packages go that the job had not brought'),
    { refreshes: false },
  ).action((job: string, own: RemoveOptions, command: Command) =>
    pass(command, {
      kind: 'packages',
      request: { operation: 'rollback', job_id: job, ...removals(own) },
    }),
  );
  const holds = [
    ['hold', 'let packages stay at their versions, whatever is applied (needs root)'],
    ['unhold', 'let held packages be changed again (needs root)'],
  ] as const;
  for (const [kind, description] of holds)
    withCourse(
      program.command(kind).description(description).argument('<packages...>', undefined, packageNames),
    ).action((packages: string[], _own: Course, command: Command) => pass(command, { kind, packages }));
}

function addApply(program: Command, pass: (command: Command, change: AskedChange) => void): void {
  withPlan(
    program
      .command('apply')
      .description(
        'apply updates that wait on this host, by its policy, whether the agent runs or not (needs root)',
      )
      .argument('[packages...]', 'only updates of these', packageNames)
      .option('--all', 'every pending update')
      .option('--security', 'security updates')
      .option('--exclude <pattern>', 'leave out names like this, with *; may be repeated', excluded, [])
      .option('--allow-removals', 'let packages go that an update does not fit with')
      .option('--require-all-sources', 'apply nothing while a package source cannot be refreshed')
      .option(
        '--reboot',
        'let this host reboot after the job when it needs to, for these updates or earlier ones',
      )
      .option(
        '--reboot-delay <time>',
        'how long before: 0, 5m, 2h; "shutdown -c" cancels',
        delay,
        DEFAULT_REBOOT_DELAY_SECONDS,
      ),
    { refreshes: true },
  ).action((names: string[] | undefined, own: ApplyOptions, command: Command) =>
    pass(command, { kind: 'apply', request: applyRequest(names ?? [], own, command) }),
  );
}

function addInstallAndRemove(program: Command, pass: (command: Command, change: AskedChange) => void): void {
  withPlan(
    program
      .command('install')
      .description('install packages, or a version of them (name=version) (needs root)')
      .argument('<packages...>', undefined, wanted)
      .option('--no-recommends', 'without packages that are only recommended')
      .option('--allow-downgrade', 'also to an older version than the installed one')
      .option('--allow-removals', 'let packages go that do not fit with them'),
    { refreshes: true },
  ).action((packages: InstallRequest['packages'], own: InstallOptions, command: Command) => {
    const options = {
      ...(own.recommends ? {} : { no_recommends: true }),
      ...(own.allowDowngrade ? { allow_downgrade: true } : {}),
      ...removals(own),
    };
    pass(command, { kind: 'packages', request: { operation: 'install', packages, options } });
  });
  withPlan(
    program
      .command('remove')
      .description('remove a package (needs root)')
      .argument('<package>', undefined, (text: string) => checked(PackageName, text))
      .option('--purge', 'with its configuration')
      .option('--allow-removals', 'let packages go that need it'),
    { refreshes: false },
  ).action((name: string, own: RemoveOptions, command: Command) =>
    pass(command, {
      kind: 'packages',
      request: { operation: 'remove', name, ...(own.purge ? { purge: true } : {}), ...removals(own) },
    }),
  );
}

const removals = ({ allowRemovals }: { readonly allowRemovals?: boolean }) =>
  allowRemovals ? { allow_removals: true } : {};

function courseOf({ dryRun = false, yes = false, refresh = false, wait, plan }: Course): ChangeCourse {
  return { dryRun, yes, refresh, wait, plan };
}

function withCourse(command: Command): Command {
  return command.option('--no-wait', 'do not wait for the end of the job').option('--json', 'print JSON');
}

/** @param wish.refreshes whether the newest that the sources have is wanted */
function withPlan(command: Command, { refreshes }: { readonly refreshes: boolean }): Command {
  command
    .option('--dry-run', 'show what would be done, to which versions, and what stays out and why')
    .option('-y, --yes', 'do what the plan says without asking')
    .option('--plan <hash>', 'do exactly what the plan of this hash said, or nothing', (text: string) =>
      checked(PlanHash, text),
    );
  if (refreshes) command.option('--no-refresh', 'plan from the package lists as they are');
  return withCourse(command);
}

/** What to apply must be said, because guessing "everything" is how hosts break. */
function applyRequest(names: readonly string[], own: ApplyOptions, command: Command): ApplyRequest {
  if (names.length > 0 && own.all)
    command.error('error: packages and --all contradict each other; say one of them');
  if (names.length === 0 && !own.all && !own.security)
    command.error(
      'error: say what to apply: package names, --security for security updates, or --all for every pending update',
    );
  return {
    ...(names.length > 0 ? { patches: [...names] } : { all: true }),
    ...(own.security ? { security_only: true } : {}),
    ...(own.exclude.length > 0 ? { exclude_packages: [...own.exclude] } : {}),
    ...(own.requireAllSources ? { require_all_sources: true } : {}),
    ...removals(own),
    ...(own.reboot ? { allow_reboot: true, reboot_delay_seconds: own.rebootDelay } : {}),
  };
}

/** `name` or `name=version`. */
function wanted(text: string, before: InstallRequest['packages'] | undefined): InstallRequest['packages'] {
  const [name = '', ...rest] = text.split('=');
  const version = rest.length === 0 ? {} : { version: checked(PackageVersion, rest.join('=')) };
  return [...(before ?? []), { name: checked(PackageName, name), ...version }];
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };
const MAX_DELAY_SECONDS = 604_800;

function delay(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const seconds = text === '0' ? 0 : Number(amount) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (seconds >= 0 && seconds <= MAX_DELAY_SECONDS) return seconds;
  throw new InvalidArgumentError('A delay is 0, or a number with m, h or d up to 7d, for example 5m.');
}
