import {
  type CreatedJoinToken,
  type CreateJoinToken,
  type JoinToken,
  type Labels,
  MANAGER_ADMIN_ROUTES,
} from '@linux-patch/contract';
import { pastTime, relativeTime, renderFacts, renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { installLine, type LineFor, lineFrom } from '../install/install-line.ts';
import { count, duration, groupNames, label, managerUrl, tokenNote } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { labelWords } from './label-commands.ts';

/** What is asked of a new token. */
export interface TokenOptions {
  /** Seconds. */
  readonly ttl?: number;
  readonly uses?: number;
  readonly hosts?: string;
  readonly note?: string;
  readonly label?: Labels;
  readonly group?: readonly string[];
}

function uses(token: JoinToken): string {
  return `${token.used} of ${token.uses}`;
}

function create(context: CommandContext, options: TokenOptions): Promise<CreatedJoinToken> {
  const { ttl, uses: count, hosts, note, label: labels, group: groups } = options;
  const body: CreateJoinToken = {
    ...(ttl === undefined ? {} : { ttl_seconds: ttl }),
    ...(count === undefined ? {} : { uses: count }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(note === undefined ? {} : { note }),
    ...(labels === undefined ? {} : { labels }),
    ...(groups === undefined ? {} : { groups: [...groups] }),
  };
  return context.api.call(MANAGER_ADMIN_ROUTES.createToken, { body });
}

/** What a person has to know about a new token, without its secret. */
function explain(context: CommandContext, { token }: CreatedJoinToken): string {
  const labels = labelWords(token.labels);
  const groups = token.groups.map((name) => `@group:${name}`).join(',');
  const many = token.uses === 1 ? 'one host' : `${token.uses} hosts`;
  return [
    `Join token ${token.id}: lets ${many} in without a person${token.hosts === null ? '' : `, named ${token.hosts}`}${labels === '' ? '' : `, with ${labels}`}${groups === '' ? '' : `, into ${groups}`}, until ${token.expires_at} (${relativeTime(token.expires_at, context.nowMs)}).`,
    `It is shown this once. Take it back with: linux-patch-manager tokens revoke ${token.id}`,
    '',
  ].join('\n');
}

/** `tokens create`: the join string alone on standard output, so that it can go into a file; the rest beside it. */
async function createToken(context: CommandContext, options: TokenOptions): Promise<void> {
  const data = await create(context, options);
  print(context, data, () => data.join_string);
  if (!context.json) context.stderr(explain(context, data));
}

/** `tokens list` */
async function listTokens(context: CommandContext): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.listTokens);
  print(context, data, () =>
    data.tokens.length === 0
      ? 'No join tokens.'
      : renderTable(
          ['ID', 'STATE', 'USED', 'HOSTS', 'CREATED', 'EXPIRES', 'USED BY', 'LABELS', 'GROUPS', 'NOTE'],
          data.tokens.map((token) => [
            token.id,
            token.state,
            uses(token),
            token.hosts ?? 'any',
            pastTime(token.created_at, context.nowMs),
            relativeTime(token.expires_at, context.nowMs),
            usersOf(token),
            labelWords(token.labels) || '-',
            token.groups.join(',') || '-',
            token.note ?? '-',
          ]),
        ),
  );
}

function usersOf(token: JoinToken): string {
  const [first, ...others] = token.used_by.map((use) => use.fqdn);
  if (first === undefined) return '-';
  return others.length === 0 ? first : `${first} and ${others.length} more, see show`;
}

/** `tokens show` */
async function showToken(context: CommandContext, id: string): Promise<void> {
  const token = await context.api.call(MANAGER_ADMIN_ROUTES.getToken, { params: { id } });
  print(context, token, () =>
    renderFacts([
      ['Token', token.id],
      ['State', token.state],
      ['Used', uses(token)],
      ['Hosts', token.hosts ?? 'any'],
      ['Labels', labelWords(token.labels) || null],
      ['Groups', token.groups.join(', ') || null],
      ...(token.note === null ? [] : [['Note', token.note] as const]),
      ['Created', `${pastTime(token.created_at, context.nowMs)} by ${token.created_by}`],
      ['Expires', `${token.expires_at} (${relativeTime(token.expires_at, context.nowMs)})`],
      ...(token.revoked_at === null ? [] : [['Revoked', pastTime(token.revoked_at, context.nowMs)] as const]),
      ...token.used_by.map((use) => ['Let in', `${use.fqdn}, ${pastTime(use.at, context.nowMs)}`] as const),
    ]),
  );
}

/** `tokens revoke` */
async function revokeToken(context: CommandContext, id: string): Promise<void> {
  const token = await context.api.call(MANAGER_ADMIN_ROUTES.revokeToken, { params: { id } });
  print(context, token, () => `Revoked join token ${token.id}; it let in ${uses(token)} hosts, which stay.`);
}

export interface InstallLineOptions extends TokenOptions {
  readonly url?: string;
  readonly package?: string;
}

/** From the manager's own packages where it has some that hosts can prove, else for a package on the host. */
async function lineOf(context: CommandContext): Promise<LineFor> {
  const { line, missing } = lineFrom(await context.api.call(MANAGER_ADMIN_ROUTES.installSources));
  if (missing !== undefined)
    context.stderr(
      `The line is for a package that is on the host already, because this manager offers none: ${missing}.\n`,
    );
  return line;
}

/** `install-line`: a new token, and what to paste on the new host to use it. */
async function printInstallLine(context: CommandContext, options: InstallLineOptions): Promise<void> {
  // Before the token is made: a package that nobody can install must not cost one.
  const line = options.package === undefined ? await lineOf(context) : installLine(options.package);
  const data = await create(context, options);
  const text = line({ managerUrl: options.url ?? data.manager_url, joinString: data.join_string });
  print(context, { ...data, install_line: text }, () => text);
  if (!context.json) context.stderr(explain(context, data));
}

/** Adds `tokens` and `install-line` to the command line. */
export function addTokenCommands({ program, add, run }: CommandLine): void {
  const withLimits = (command: Command): Command =>
    command
      .option('--ttl <time>', 'how long it is good: 30m, 24h, 7d (default: 24h)', duration)
      .option('--uses <count>', 'how many hosts it lets in (default: 1)', count)
      .option('--hosts <pattern>', 'names it is for, for example web*.example.org (default: any)')
      .option('--note <text>', 'what it is for, one line', tokenNote)
      .option('--label <key=value>', 'a label of the hosts that it lets in; may be repeated', label)
      .option(
        '--group <name>',
        'a group into which the hosts are put that it lets in; may be repeated',
        groupNames,
      );
  const tokens = program.command('tokens').description('join tokens, which let hosts in without a person');
  withLimits(add(tokens, 'create', 'make a join token; prints its join string, this once')).action(
    (options: TokenOptions, command: Command) =>
      run(
        command,
        quietly((context) => createToken(context, options)),
      ),
  );
  add(tokens, 'list', 'list join tokens').action((_options: object, command: Command) =>
    run(command, quietly(listTokens)),
  );
  for (const [name, description, work] of [
    ['show', 'show a join token and the hosts it let in', showToken],
    ['revoke', 'let nobody in with it any more; hosts that it let in stay', revokeToken],
  ] as const) {
    add(tokens, `${name} <id>`, description).action((id: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => work(context, id)),
      ),
    );
  }
  withLimits(add(program, 'install-line', 'make a join token and print what to paste on a new host'))
    .option('--url <url>', 'URL of this manager as the host reaches it (default: server.url)', managerUrl)
    .option(
      '--package <file>',
      "the agent's package on the host, instead of what this manager offers (default: ./linux-patch-api.deb where it offers nothing)",
    )
    .action((options: InstallLineOptions, command: Command) =>
      run(
        command,
        quietly((context) => printInstallLine(context, options)),
      ),
    );
}
