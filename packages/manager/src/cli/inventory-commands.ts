import {
  type HostInventory,
  type HostPackages,
  INVENTORY_STATES,
  MANAGER_ADMIN_ROUTES,
} from '@linux-patch/contract';
import { pastTime, renderTable } from '@linux-patch/runtime/printed';
import { type Command, Option } from 'commander';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { describeFigures, describeHost, describeKind } from './fleet-figures.ts';
import { describePage, type Page, paged, pageQuery } from './page.ts';

function rowOf(host: HostInventory, nowMs: number): string[] {
  const known = host.listed_at !== null;
  return [
    host.fqdn,
    host.state === 'unknown' ? 'UNKNOWN' : host.state,
    known ? host.security_updates.toString() : '?',
    known ? host.updates.toString() : '?',
    known ? host.packages.toString() : '?',
    pastTime(host.listed_at, nowMs),
    host.reason ?? '',
  ];
}

/** `hosts inventory` */
async function showFleet(
  context: CommandContext,
  options: Page & { readonly state?: string },
): Promise<void> {
  const query = { state: options.state, ...pageQuery(options) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.inventory, { query });
  const { nowMs } = context;
  print(context, data, () =>
    [
      renderTable(
        ['HOST', 'STATE', 'SECURITY', 'UPDATES', 'PACKAGES', 'LISTED', 'WHY'],
        data.hosts.map((host) => rowOf(host, nowMs)),
      ),
      ...describePage(data.hosts.length, data.total, options),
      describeFigures(data.figures, nowMs),
    ].join('\n'),
  );
}

function describePackages(data: HostPackages, page: Page, nowMs: number): string {
  const table = renderTable(
    ['PACKAGE', 'VERSION', 'ARCHITECTURE', 'WAITING', 'KIND'],
    data.packages.map((one) => [
      one.name,
      one.version,
      one.architecture,
      one.candidate ?? '',
      one.candidate === null ? '' : describeKind(one.security),
    ]),
  );
  const below = [...describePage(data.packages.length, data.total, page), describeHost(data.host, nowMs)];
  return [...(data.packages.length === 0 ? ['No packages are known.'] : [table]), ...below].join('\n');
}

/** `hosts packages` */
async function showPackages(
  context: CommandContext,
  id: string,
  options: Page & { readonly name?: string },
): Promise<void> {
  const query = { name: options.name, ...pageQuery(options) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.hostInventory, { params: { id }, query });
  print(context, data, () => describePackages(data, options, context.nowMs));
}

/** Adds what is known of the packages of the fleet to the command line. */
export function addInventoryCommands(hosts: Command, { add, run }: CommandLine): void {
  paged(add(hosts, 'inventory', 'which hosts are current, behind or unknown, without asking them'))
    .addOption(new Option('--state <state>', 'which hosts').choices(INVENTORY_STATES))
    .action((options: Page & { state?: string }, command: Command) =>
      run(
        command,
        quietly((context) => showFleet(context, options)),
      ),
    );
  paged(
    add(hosts, 'packages <host>', 'what a host had installed when it was last listed, and what waited on it'),
  )
    .option('--name <pattern>', 'name pattern with *')
    .action((id: string, options: Page & { name?: string }, command: Command) =>
      run(
        command,
        quietly((context) => showPackages(context, id, options)),
      ),
    );
}
