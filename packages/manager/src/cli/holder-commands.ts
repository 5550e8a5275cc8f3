import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import { pastTime, renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { describeFigures } from './fleet-figures.ts';
import { describePage, type Page, paged, pageQuery } from './page.ts';

/** `hosts with` */
async function showHolders(
  context: CommandContext,
  name: string,
  options: Page & { readonly below?: string },
): Promise<void> {
  const query = { below: options.below, ...pageQuery(options) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.packageInventory, { params: { name }, query });
  const { nowMs } = context;
  print(context, data, () => {
    const below = options.below === undefined ? '' : ` below ${options.below}`;
    const left =
      data.not_comparable === 0
        ? []
        : [`Whether it is older nobody can tell on ${data.not_comparable} more.`];
    const figures = describeFigures(data.figures, nowMs);
    if (data.total === 0)
      return [`No host that was listed had ${name}${below}.`, ...left, figures].join('\n');
    return [
      renderTable(
        ['HOST', 'VERSION', 'ARCHITECTURE', 'LISTED', 'STATE'],
        data.hosts.map((one) => [
          one.fqdn,
          one.version,
          one.architecture,
          pastTime(one.listed_at, nowMs),
          one.state,
        ]),
      ),
      ...describePage(data.hosts.length, data.total, options),
      '',
      renderTable(
        ['VERSION', 'ARCHITECTURE', 'HOSTS'],
        data.versions.map((one) => [one.version, one.architecture, one.hosts.toString()]),
      ),
      ...left,
      figures,
    ].join('\n');
  });
}

/** `hosts without` */
async function showMissing(
  context: CommandContext,
  name: string,
  options: Page & { readonly atLeast?: string },
): Promise<void> {
  const query = { at_least: options.atLeast, ...pageQuery(options) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.packageMissing, { params: { name }, query });
  const { nowMs } = context;
  print(context, data, () => {
    const wanted = options.atLeast === undefined ? name : `${name} ${options.atLeast} or newer`;
    const left = [
      ...(data.not_comparable === 0
        ? []
        : [`Whether it is older nobody can tell on ${data.not_comparable} more.`]),
      ...(data.not_listed === 0
        ? []
        : [`What ${data.not_listed} more have nobody knows: they were never listed.`]),
      describeFigures(data.figures, nowMs),
    ];
    if (data.total === 0) return [`No host that was listed lacked ${wanted}.`, ...left].join('\n');
    return [
      renderTable(
        ['HOST', 'INSTALLED', 'LISTED', 'STATE'],
        data.hosts.map((one) => [
          one.fqdn,
          one.installed.join(', ') || '-',
          pastTime(one.listed_at, nowMs),
          one.state,
        ]),
      ),
      ...describePage(data.hosts.length, data.total, options),
      ...left,
    ].join('\n');
  });
}

/** `hosts versions` */
async function showVersions(context: CommandContext, name: string, options: Page): Promise<void> {
  const query = { name, ...pageQuery(options) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.knownPackages, { query });
  print(context, data, () =>
    [
      ...(data.total === 0
        ? [`No host ever named a package that fits ${name}.`]
        : [
            renderTable(
              ['PACKAGE', 'VERSION', 'ARCHITECTURE', 'HOSTS'],
              data.packages.map((one) => [one.name, one.version, one.architecture, one.hosts.toString()]),
            ),
          ]),
      ...describePage(data.packages.length, data.total, options),
      describeFigures(data.figures, context.nowMs),
    ].join('\n'),
  );
}

/** Adds questions about who has what to the command line. */
export function addHolderCommands(hosts: Command, { add, run }: CommandLine): void {
  paged(
    add(
      hosts,
      'with <package>',
      'which hosts have a package, in which version, as they said when they were listed last',
    ),
  )
    .option('--below <version>', 'only where it is older than this')
    .action((name: string, options: Page & { below?: string }, command: Command) =>
      run(
        command,
        quietly((context) => showHolders(context, name, options)),
      ),
    );
  paged(
    add(
      hosts,
      'without <package>',
      'which hosts do not have a package, as they said when they were listed last',
    ),
  )
    .option('--at-least <version>', 'or only older than this')
    .action((name: string, options: Page & { atLeast?: string }, command: Command) =>
      run(
        command,
        quietly((context) => showMissing(context, name, options)),
      ),
    );
  paged(
    add(hosts, 'versions <pattern>', 'how many hosts have each version of packages, by a name with *'),
  ).action((name: string, options: Page, command: Command) =>
    run(
      command,
      quietly((context) => showVersions(context, name, options)),
    ),
  );
}
