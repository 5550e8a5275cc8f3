import { type HostUpdate, MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import { pastTime, renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { describeFigures, describeHost, describeKind } from './fleet-figures.ts';
import { describePage, type Page, paged, pageQuery } from './page.ts';

/** `updates` */
async function showUpdates(context: CommandContext, options: UpdateOptions): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.updateInventory, { query: queryOf(options) });
  const { nowMs } = context;
  print(context, data, () => {
    const figures = describeFigures(data.figures, nowMs);
    if (data.total === 0) return [`No updates are known to wait.`, figures].join('\n');
    return [
      renderTable(
        ['PACKAGE', 'VERSION', 'ARCHITECTURE', 'KIND', 'HOSTS', 'UNKNOWN', 'WAITS SINCE'],
        data.updates.map((one) => [
          one.name,
          one.version,
          one.architecture,
          describeKind(one.security),
          one.hosts.toString(),
          one.unknown === 0 ? '' : one.unknown.toString(),
          pastTime(one.first_seen_at, nowMs),
        ]),
      ),
      ...describePage(data.updates.length, data.total, options),
      figures,
    ].join('\n');
  });
}

function notesOf(one: HostUpdate): string {
  return [
    one.held ? 'held' : '',
    one.phased ? 'phased' : '',
    one.hidden ? 'kept away by pins or the default release' : '',
    one.security_version === null ? '' : `security fix is ${one.security_version}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** `updates` of one package */
async function showWaiting(context: CommandContext, name: string, options: UpdateOptions): Promise<void> {
  const call = { params: { name }, query: queryOf(options) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.packageUpdates, call);
  const { nowMs } = context;
  print(context, data, () => {
    const figures = describeFigures(data.figures, nowMs);
    if (data.total === 0) return [`No update of ${name} is known to wait.`, figures].join('\n');
    return [
      renderTable(
        ['HOST', 'INSTALLED', 'WAITING', 'KIND', 'LISTED', 'STATE', 'NOTES'],
        data.hosts.map((one) => [
          one.fqdn,
          one.installed_version,
          one.version,
          describeKind(one.security),
          pastTime(one.listed_at, nowMs),
          one.state,
          notesOf(one),
        ]),
      ),
      ...describePage(data.hosts.length, data.total, options),
      figures,
    ].join('\n');
  });
}

/** `hosts changes` */
async function showChanges(context: CommandContext, id: string, options: Page): Promise<void> {
  const call = { params: { id }, query: pageQuery(options) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.hostChanges, call);
  const { nowMs } = context;
  print(context, data, () => {
    const rows = data.changes.flatMap(({ seen_at, job_id, packages, more }) => {
      const facts = [pastTime(seen_at, nowMs), job_id === null ? 'outside the manager' : `job ${job_id}`];
      const named = packages.map((one) => [...facts, one.name, one.before ?? '-', one.after ?? '-']);
      return more === 0 ? named : [...named, [...facts, `and ${more} more`, '', '']];
    });
    return [
      ...(rows.length === 0
        ? ['No changes are known.']
        : [renderTable(['SEEN', 'BY', 'PACKAGE', 'BEFORE', 'AFTER'], rows)]),
      ...describePage(data.changes.length, data.total, options),
      describeHost(data.host, nowMs),
    ].join('\n');
  });
}

interface UpdateOptions extends Page {
  readonly security?: boolean;
}

function queryOf(options: UpdateOptions) {
  return { security: options.security ? 'true' : undefined, ...pageQuery(options) };
}

/** Adds questions about the whole fleet to the command line. */
export function addQuestionCommands(hosts: Command, { program, add, run }: CommandLine): void {
  paged(add(hosts, 'changes <host>', 'what changed on a host, and which job did it')).action(
    (id: string, options: Page, command: Command) =>
      run(
        command,
        quietly((context) => showChanges(context, id, options)),
      ),
  );
  paged(
    add(
      program,
      'updates [package]',
      'what waits on how many hosts, security first; of one package: on which hosts',
    ),
  )
    .option('--security', 'security updates only')
    .action((name: string | undefined, options: UpdateOptions, command: Command) =>
      run(
        command,
        quietly((context) =>
          name === undefined ? showUpdates(context, options) : showWaiting(context, name, options),
        ),
      ),
    );
}
