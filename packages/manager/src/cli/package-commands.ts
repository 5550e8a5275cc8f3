import {
  type InstallRequest,
  type JobAccepted,
  MANAGER_ADMIN_ROUTES,
  PackageName,
  type PackagePlanRequest,
  PackageVersion,
  PatchError,
  type Plan,
} from '@linux-patch/contract';
import type { Command } from 'commander';
import { type Act, actOn, type Course, withCourse, withOwnCourse, withParallel } from './act.ts';
import { planHash } from './arguments.ts';
import { chooseHosts, isSeveral } from './choose-hosts.ts';
import { type CommandContext, print } from './command-context.ts';
import type { CommandLine } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { describeHost } from './fleet-figures.ts';
import { onSeveralHosts, outcomeOfWords } from './several-hosts.ts';

interface InstallOptions {
  readonly recommends?: boolean;
  readonly allowDowngrade?: boolean;
  readonly allowRemovals?: boolean;
  readonly plan?: string;
}

interface RemoveOptions {
  readonly purge?: boolean;
  readonly allowRemovals?: boolean;
  readonly plan?: string;
}

/** `name` or `name=version`. */
function packageOf(text: string): InstallRequest['packages'][number] {
  const [name = '', ...rest] = text.split('=');
  const version = rest.join('=');
  const read = PackageName.safeParse(name);
  if (!read.success)
    throw new PatchError('INVALID_REQUEST', `${text}: ${read.error.issues[0]?.message}. Nothing was done.`);
  if (rest.length === 0) return { name };
  const wanted = PackageVersion.safeParse(version);
  if (!wanted.success)
    throw new PatchError('INVALID_REQUEST', `${text}: ${wanted.error.issues[0]?.message}. Nothing was done.`);
  return { name, version };
}

function planOf(
  context: CommandContext,
  host: string,
  body: PackagePlanRequest,
  course: Course,
): Promise<Plan> {
  const query = { refresh: course.refresh === false ? undefined : 'true' };
  return context.api.call(MANAGER_ADMIN_ROUTES.hostPackagePlan, { params: { id: host }, query, body });
}

function installing(packages: readonly string[], options: InstallOptions): Act {
  const wanted = packages.map(packageOf);
  const allowed = {
    ...(options.recommends === false ? { no_recommends: true } : {}),
    ...(options.allowDowngrade ? { allow_downgrade: true } : {}),
    ...(options.allowRemovals ? { allow_removals: true } : {}),
  };
  const body = { packages: wanted, ...(Object.keys(allowed).length > 0 ? { options: allowed } : {}) };
  return {
    approved: options.plan,
    plan: (context, host, course) => planOf(context, host, { operation: 'install', ...body }, course),
    start: (context, host) =>
      context.api.call(MANAGER_ADMIN_ROUTES.hostInstall, {
        params: { id: host },
        body: { ...body, ...(options.plan === undefined ? {} : { plan_hash: options.plan }) },
      }),
  };
}

function removing(name: string, { purge, allowRemovals, plan }: RemoveOptions): Act {
  packageOf(name);
  const flags = { ...(purge ? { purge: true } : {}), ...(allowRemovals ? { allow_removals: true } : {}) };
  const query = { ...Object.fromEntries(Object.keys(flags).map((flag) => [flag, 'true'])), plan_hash: plan };
  return {
    approved: plan,
    plan: (context, host, course) => planOf(context, host, { operation: 'remove', name, ...flags }, course),
    start: (context, host) =>
      context.api.call(MANAGER_ADMIN_ROUTES.hostRemove, { params: { id: host, name }, query }),
  };
}

function rollingBack(job: string, { allowRemovals, plan }: RemoveOptions): Act {
  const flags = allowRemovals ? { allow_removals: true } : {};
  return {
    approved: plan,
    plan: (context, host, course) =>
      planOf(context, host, { operation: 'rollback', job_id: job, ...flags }, course),
    start: (context, host) =>
      context.api.call(MANAGER_ADMIN_ROUTES.hostRollback, {
        params: { id: host, job },
        body: { ...flags, ...(plan === undefined ? {} : { plan_hash: plan }) },
      }),
  };
}

function holding(route: 'hostHold' | 'hostUnhold', packages: readonly string[]): Act {
  return {
    start: (context, host): Promise<JobAccepted> =>
      context.api.call(MANAGER_ADMIN_ROUTES[route], { params: { id: host }, body: { packages } }),
  };
}

/** `refresh` */
async function refresh(context: CommandContext, reference: string, { parallel }: Course): Promise<number> {
  const ask = (id: string) => context.api.call(MANAGER_ADMIN_ROUTES.hostRefresh, { params: { id } });
  if (isSeveral(reference)) {
    const hosts = await chooseHosts(context, reference, 'hosts:patch');
    return onSeveralHosts(context, hosts, { parallel }, async (host) => {
      const state = await ask(host);
      return outcomeOfWords(describeHost(state, context.nowMs), { isDone: state.state !== 'unknown' });
    });
  }
  const state = await ask(reference);
  print(context, state, () => describeHost(state, context.nowMs));
  return state.state === 'unknown' ? EXIT.failed : EXIT.done;
}

const PLAN = 'do exactly what the plan of this hash said, or nothing';

/** Adds what is done with packages that are named. */
export function addPackageCommands({ program, add, run }: CommandLine): void {
  withCourse(
    add(program, 'install <hosts> <packages...>', 'install packages, or a version of them (name=version)'),
    {
      plans: true,
    },
  )
    .option('--no-recommends', 'without packages that are only recommended')
    .option('--allow-downgrade', 'also to an older version than the installed one')
    .option('--allow-removals', 'let packages go that do not fit with them')
    .option('--plan <hash>', PLAN, planHash)
    .action((hosts: string, packages: string[], options: InstallOptions, command: Command) =>
      run(command, (context) => actOn(context, hosts, installing(packages, options), command.opts<Course>())),
    );
  withCourse(add(program, 'remove <hosts> <package>', 'remove a package'), { plans: true })
    .option('--purge', 'with its configuration')
    .option('--allow-removals', 'let packages go that need it')
    .option('--plan <hash>', PLAN, planHash)
    .action((hosts: string, name: string, options: RemoveOptions, command: Command) =>
      run(command, (context) => actOn(context, hosts, removing(name, options), command.opts<Course>())),
    );
  withOwnCourse(
    add(
      program,
      'rollback <host> <job>',
      'bring packages back to the versions that they had before a job of the host, all of them or none',
    ),
    { plans: true },
  )
    .option('--allow-removals', 'let packages go that the job had not brought')
    .option('--plan <hash>', PLAN, planHash)
    .action((host: string, job: string, options: RemoveOptions, command: Command) =>
      run(command, (context) => {
        if (isSeveral(host))
          throw new PatchError('INVALID_REQUEST', 'A job is of one host: name that host. Nothing was done.');
        return actOn(context, host, rollingBack(job, options), { ...command.opts<Course>(), parallel: 1 });
      }),
    );
  const holds = [
    ['hold', 'hostHold', 'let packages stay at their versions, whatever is applied'],
    ['unhold', 'hostUnhold', 'let held packages be changed again'],
  ] as const;
  for (const [word, route, description] of holds)
    withCourse(add(program, `${word} <hosts> <packages...>`, description), { plans: false }).action(
      (hosts: string, packages: string[], _options: object, command: Command) =>
        run(command, (context) => actOn(context, hosts, holding(route, packages), command.opts<Course>())),
    );
  withParallel(
    add(program, 'refresh <hosts>', 'let hosts ask their package sources for news, and list them anew'),
  ).action((hosts: string, options: Course, command: Command) =>
    run(command, (context) => refresh(context, hosts, options)),
  );
}
