import {
  type GroupHostsChanged,
  type HostGroup,
  MANAGER_ADMIN_ROUTES,
  MAX_SELECTOR_CHARACTERS,
  PatchError,
} from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { pastTime, renderFacts, renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { groupDescription, groupName } from './arguments.ts';
import { chooseHosts, HOSTS_HELP, inCalls } from './choose-hosts.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { hostWords } from './counted-names.ts';
import { describePage, type Page, paged, pageQuery } from './page.ts';

/** How many hosts are in a group, with those that left. */
function sizeOf({ hosts, left }: HostGroup): string {
  return left === 0 ? hostWords(hosts) : `${hostWords(hosts)}, and ${left} that left`;
}

/** `groups list` */
async function listGroups(context: CommandContext): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.listGroups);
  print(context, data, () =>
    data.groups.length === 0
      ? 'No groups. "linux-patch-manager groups create NAME" makes one.'
      : renderTable(
          ['GROUP', 'HOSTS', 'LEFT', 'MADE', 'BY', 'DESCRIPTION'],
          data.groups.map((group) => [
            group.name,
            `${group.hosts}`,
            group.left === 0 ? '-' : `${group.left}`,
            pastTime(group.created_at, context.nowMs),
            group.created_by,
            group.description ?? '-',
          ]),
        ),
  );
}

/** `groups create` */
async function createGroup(
  context: CommandContext,
  name: string,
  { description }: { readonly description?: string },
): Promise<void> {
  const body = { name, ...(description === undefined ? {} : { description }) };
  const group = await context.api.call(MANAGER_ADMIN_ROUTES.createGroup, { body });
  print(
    context,
    group,
    () =>
      `Made the group ${group.name}. Put hosts into it with: linux-patch-manager groups add ${group.name} <hosts>`,
  );
}

/** `groups show` */
async function showGroup(context: CommandContext, name: string, page: Page): Promise<void> {
  const query = pageQuery(page);
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.getGroup, { params: { name }, query });
  const { group, hosts, total } = data;
  print(context, data, () =>
    [
      renderFacts([
        ['Group', group.name],
        ['Description', group.description],
        ['Made', `${pastTime(group.created_at, context.nowMs)} by ${group.created_by}`],
        ['In it', sizeOf(group)],
      ]),
      '',
      ...hosts.map(({ fqdn, left_at }) =>
        printableLine(left_at === null ? fqdn : `${fqdn} (left ${pastTime(left_at, context.nowMs)})`),
      ),
      ...describePage(hosts.length, total, page),
    ].join('\n'),
  );
}

/** `groups set` */
async function changeGroup(
  context: CommandContext,
  name: string,
  options: { readonly name?: string; readonly description?: string | false },
): Promise<void> {
  const { name: next, description } = options;
  if (next === undefined && description === undefined)
    throw new PatchError(
      'INVALID_REQUEST',
      'Say --name, --description or --no-description. Nothing was changed.',
    );
  const body = {
    ...(next === undefined ? {} : { name: next }),
    ...(description === undefined ? {} : { description: description === false ? null : description }),
  };
  const group = await context.api.call(MANAGER_ADMIN_ROUTES.changeGroup, { params: { name }, body });
  print(context, group, () =>
    printableLine(`${group.name}: ${group.description ?? 'no description'}; ${sizeOf(group)}`),
  );
}

/** `groups delete` */
async function deleteGroup(context: CommandContext, name: string): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.deleteGroup, { params: { name } });
  const { group, join_tokens, role_bindings } = data;
  const tokens =
    join_tokens === 0
      ? ''
      : ` ${join_tokens === 1 ? 'A join token' : `${join_tokens} join tokens`} in force put hosts into it: those that come by it from now on are not in it.`;
  const roles =
    role_bindings === 0
      ? ''
      : ` ${role_bindings === 1 ? 'A role' : `${role_bindings} roles`} for its hosts went with it: "people list" and "api-tokens list" show who has which now.`;
  print(
    context,
    data,
    () =>
      `Deleted the group ${group.name}, with ${sizeOf(group)} in it; no host was removed.${tokens}${roles}`,
  );
}

/** Which way hosts go, and how that is told. */
interface Way {
  readonly route: 'addToGroup' | 'removeFromGroup';
  readonly words: { readonly done: string; readonly same: (count: number) => string };
}

const sameWords = (count: number, what: string): string =>
  count === 0 ? '' : ` (${count} ${count === 1 ? 'was' : 'were'} ${what})`;

const INTO: Way = {
  route: 'addToGroup',
  words: { done: 'put in', same: (count) => sameWords(count, 'in it already') },
};
const OUT: Way = {
  route: 'removeFromGroup',
  words: { done: 'taken out', same: (count) => sameWords(count, 'not in it') },
};

/** `groups add` and `groups remove` */
async function changeHosts(
  context: CommandContext,
  { name, reference }: { readonly name: string; readonly reference: string },
  { route, words }: Way,
): Promise<void> {
  let calls = inCalls(reference, MAX_SELECTOR_CHARACTERS);
  // All of it is looked up before the first change: a name that nobody has must not end it half done.
  if (calls.length > 1)
    calls = inCalls(
      (await chooseHosts(context, reference, 'hosts:group')).join(','),
      MAX_SELECTOR_CHARACTERS,
    );
  const done: GroupHostsChanged[] = [];
  for (const hosts of calls)
    done.push(await context.api.call(MANAGER_ADMIN_ROUTES[route], { params: { name }, body: { hosts } }));
  const sum = (which: 'changed' | 'unchanged'): number =>
    done.reduce((before, one) => before + one[which], 0);
  const [changed, unchanged, group] = [sum('changed'), sum('unchanged'), done.at(-1)?.group];
  if (!group) throw new Error('no hosts were asked for');
  print(
    context,
    { group, changed, unchanged },
    () =>
      `${group.name}: ${hostWords(changed)} ${words.done}${words.same(unchanged)}; ${sizeOf(group)} in it now`,
  );
}

/** Adds `groups` to the command line. */
export function addGroupCommands({ program, add, run }: CommandLine): void {
  const groups = program
    .command('groups')
    .description(
      'groups of hosts, which are chosen by @group:NAME; people and join tokens put hosts into them',
    );
  const named = <O extends object>(
    usage: string,
    description: string,
    work: (context: CommandContext, name: string, options: O) => Promise<void>,
  ): Command =>
    add(groups, usage, description)
      .argument('<name>', 'the group', groupName)
      .action((name: string, options: O, command: Command) =>
        run(
          command,
          quietly((context) => work(context, name, options)),
        ),
      );
  add(groups, 'list', 'list groups, and how many hosts are in each').action(
    (_options: object, command: Command) => run(command, quietly(listGroups)),
  );
  named('create', 'make a group, without hosts', createGroup).option(
    '--description <text>',
    'what it is for, one line',
    groupDescription,
  );
  paged(named('show', 'show a group and the hosts in it', showGroup));
  named('set', 'name or describe a group; its hosts stay in it', changeGroup)
    .option('--name <name>', 'its name from now on', groupName)
    .option('--description <text>', 'what it is for, one line', groupDescription)
    .option('--no-description', 'remove the description');
  named('delete', 'delete a group; no host is removed', deleteGroup);
  for (const [name, description, way] of [
    ['add', 'put hosts into a group: those that are meant now', INTO],
    ['remove', 'take hosts out of a group', OUT],
  ] as const)
    add(groups, name, description)
      .argument('<name>', 'the group', groupName)
      .argument('<hosts>', 'which hosts')
      .addHelpText('after', HOSTS_HELP)
      .action((group: string, reference: string, _options: object, command: Command) =>
        run(
          command,
          quietly((context) => changeHosts(context, { name: group, reference }, way)),
        ),
      );
}
