import { MANAGER_ADMIN_ROUTES, type SavedSearch } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { pastTime, renderFacts, renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { searchName } from './arguments.ts';
import { HOSTS_HELP } from './choose-hosts.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';

const describe = ({ name, hosts }: SavedSearch): string => printableLine(`@saved:${name} is ${hosts}`);

/** `searches list` */
async function listSearches(context: CommandContext): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.listSearches);
  print(context, data, () =>
    data.searches.length === 0
      ? 'No saved searches. "linux-patch-manager searches create NAME HOSTS" makes one.'
      : renderTable(
          ['SEARCH', 'CHANGED', 'BY', 'HOSTS'],
          data.searches.map(({ name, hosts, changed_at, changed_by }) => [
            name,
            pastTime(changed_at, context.nowMs),
            changed_by,
            hosts,
          ]),
        ),
  );
}

/** `searches show` */
async function showSearch(context: CommandContext, name: string): Promise<void> {
  const search = await context.api.call(MANAGER_ADMIN_ROUTES.getSearch, { params: { name } });
  print(context, search, () =>
    renderFacts([
      ['Search', search.name],
      ['Hosts', search.hosts],
      ['Changed', `${pastTime(search.changed_at, context.nowMs)} by ${search.changed_by}`],
    ]),
  );
}

/** `searches create` */
async function createSearch(context: CommandContext, name: string, hosts: string): Promise<void> {
  const search = await context.api.call(MANAGER_ADMIN_ROUTES.createSearch, { body: { name, hosts } });
  print(context, search, () => describe(search));
}

/** `searches set` */
async function changeSearch(context: CommandContext, name: string, hosts: string): Promise<void> {
  const call = { params: { name }, body: { hosts } };
  const search = await context.api.call(MANAGER_ADMIN_ROUTES.changeSearch, call);
  print(context, search, () => describe(search));
}

/** `searches delete` */
async function deleteSearch(context: CommandContext, name: string): Promise<void> {
  const search = await context.api.call(MANAGER_ADMIN_ROUTES.deleteSearch, { params: { name } });
  print(context, search, () =>
    printableLine(`Deleted the saved search ${search.name}, which was ${search.hosts}`),
  );
}

/** Adds `searches` to the command line. */
export function addSearchCommands({ program, add, run }: CommandLine): void {
  const searches = program
    .command('searches')
    .description('saved searches: selections of hosts under a name, looked up whenever @saved:NAME is used');
  const named = (usage: string, description: string): Command =>
    add(searches, usage, description).argument('<name>', 'the saved search', searchName);
  add(searches, 'list', 'list saved searches').action((_options: object, command: Command) =>
    run(command, quietly(listSearches)),
  );
  for (const [usage, description, work] of [
    ['show', 'show a saved search; "hosts list @saved:NAME" shows its hosts', showSearch],
    ['delete', 'delete a saved search', deleteSearch],
  ] as const)
    named(usage, description).action((name: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => work(context, name)),
      ),
    );
  for (const [usage, description, work] of [
    ['create', 'give a selection of hosts a name, for everybody', createSearch],
    ['set', 'put another selection under a name', changeSearch],
  ] as const)
    named(usage, description)
      .argument('<hosts>', 'which hosts')
      .addHelpText('after', HOSTS_HELP)
      .action((name: string, hosts: string, _options: object, command: Command) =>
        run(
          command,
          quietly((context) => work(context, name, hosts)),
        ),
      );
}
