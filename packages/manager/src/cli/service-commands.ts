import {
  MANAGER_ADMIN_ROUTES,
  PatchError,
  type ServiceList,
  type ServiceState,
  ServiceUnit,
} from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { pastTime, renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { type Act, actOn, type Course, withCourse } from './act.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';

interface ServicesOptions {
  readonly outdated?: boolean;
}

/** `ssh` is `ssh.service`. */
function serviceOf(text: string): string {
  const name = text.endsWith('.service') ? text : `${text}.service`;
  const { error } = ServiceUnit.safeParse(name);
  if (!error) return name;
  throw new PatchError('INVALID_REQUEST', `${text}: ${error.issues[0]?.message}. Nothing was done.`);
}

function describeServices({ services, others, unknown, complete }: ServiceList): string {
  const oldOnes = services.filter((one) => one.old_code === 'yes');
  return [
    services.length === 0
      ? 'No such service runs.'
      : renderTable(
          ['SERVICE', 'PROCESSES', 'OLD CODE', 'REPLACED FILES'],
          services.map((one) => [
            one.name,
            one.processes.toString(),
            one.old_code,
            [...new Set(one.outdated.flatMap(({ files }) => files))].slice(0, 3).join(', '),
          ]),
        ),
    `${oldOnes.length} of these run code that was replaced, until they are restarted; so do ${others.length} other processes, until they end.`,
    ...unknown.map(({ reason, processes }) =>
      printableLine(`Not known of ${processes} processes: ${reason}`),
    ),
    ...(complete ? [] : ['So there may be more than is said here.']),
  ].join('\n');
}

function describeService(one: ServiceState, nowMs: number): string {
  const since = one.since === null ? '' : `, changed ${pastTime(one.since, nowMs)}`;
  const files = [...new Set(one.outdated.flatMap(({ files }) => files))];
  return [
    `${one.name} (${one.display_name}): ${one.active_state} (${one.sub_state})${since}, main process ${one.main_pid ?? 'none'}, ${one.load_state}, ${one.enabled_state ?? 'not enabled'}`,
    `Runs code that was replaced: ${one.old_code}${files.length > 0 ? ` (${files.slice(0, 10).join(', ')})` : ''}`,
  ]
    .map(printableLine)
    .join('\n');
}

/** `services` of one name */
async function showService(context: CommandContext, host: string, name: string) {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.hostService, { params: { id: host, name } });
  print(context, data, () => describeService(data, context.nowMs));
}

/** `services` */
async function showServices(context: CommandContext, host: string, { outdated }: ServicesOptions) {
  const query = outdated ? { outdated: 'true' } : {};
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.hostServices, { params: { id: host }, query });
  print(context, data, () => describeServices(data));
}

function restarting(name: string): Act {
  return {
    start: (context, host) =>
      context.api.call(MANAGER_ADMIN_ROUTES.hostServiceRestart, { params: { id: host, name } }),
  };
}

/** Adds what is done with services of hosts. */
export function addServiceCommands({ program, add, run }: CommandLine): void {
  add(
    program,
    'services <host> [service]',
    'services that run on a host, and which of them run code that was replaced; or how one is',
  )
    .option('--outdated', 'only those that do, or of which that is not known')
    .action((host: string, service: string | undefined, options: ServicesOptions, command: Command) =>
      run(
        command,
        quietly((context) =>
          service === undefined
            ? showServices(context, host, options)
            : showService(context, host, serviceOf(service)),
        ),
      ),
    );
  withCourse(
    add(
      program,
      'restart-service <hosts> <service>',
      'restart a service, where the policy of the host allows restart-service',
    ),
    { plans: false },
  ).action((hosts: string, service: string, _options: object, command: Command) =>
    run(command, (context) => actOn(context, hosts, restarting(serviceOf(service)), command.opts<Course>())),
  );
}
