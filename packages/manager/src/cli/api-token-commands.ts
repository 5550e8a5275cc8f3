import {
  type ApiToken,
  type CreatedApiToken,
  DEFAULT_API_TOKEN_DAYS,
  GUARDED_PERMISSIONS,
  type GuardedPermission,
  MANAGER_ADMIN_ROUTES,
  MAX_API_TOKEN_DAYS,
} from '@linux-patch/contract';
import { pastTime, relativeTime, renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { apiTokenName, guarded, lifeInDays } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { describeRoles, explainRoles, type RoleOptions, rolesToMake, withNewRoles } from './role-options.ts';

interface CreateOptions extends RoleOptions {
  readonly allow?: readonly GuardedPermission[];
  /** Days. */
  readonly expires?: number;
}

/** Whom it lets in, in one sentence. */
function letsIn({ allowed }: ApiToken): string {
  return allowed.length === 0
    ? 'It lets nobody in, whatever the role says.'
    : `It is allowed ${allowed.join(', ')}.`;
}

/** What a person has to know about a new token, without its secret. */
function explain({ nowMs }: CommandContext, { api_token: token }: CreatedApiToken): string {
  return [
    `API token ${token.name}, role ${explainRoles(token)} ${letsIn(token)} It ends ${token.expires_at} (${relativeTime(token.expires_at, nowMs)}).`,
    `It is shown this once. A program sends it to this manager as "Authorization: Bearer …". Take it back with: linux-patch-manager api-tokens revoke ${token.name}`,
    '',
  ].join('\n');
}

/** `api-tokens create`: the token alone on standard output, so that it can go into a file; the rest beside it. */
async function createToken(context: CommandContext, name: string, options: CreateOptions): Promise<void> {
  const { allow, expires } = options;
  const body = {
    name,
    ...rolesToMake(options),
    ...(allow ? { allow: [...allow] } : {}),
    ...(expires === undefined ? {} : { expires_days: expires }),
  };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.createApiToken, { body });
  print(context, data, () => data.secret);
  if (!context.json) context.stderr(explain(context, data));
}

function rowOf(token: ApiToken, nowMs: number): string[] {
  const used = pastTime(token.last_used_at, nowMs);
  return [
    token.name,
    [describeRoles(token), ...token.allowed].join(', '),
    token.state,
    pastTime(token.created_at, nowMs),
    token.created_by,
    relativeTime(token.expires_at, nowMs),
    token.last_used_from === null ? used : `${used} from ${token.last_used_from}`,
  ];
}

/** `api-tokens list` */
async function listTokens(context: CommandContext): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.listApiTokens);
  print(context, data, () =>
    data.api_tokens.length === 0
      ? 'No API tokens.'
      : renderTable(
          ['NAME', 'ROLE, ALLOWED', 'STATE', 'CREATED', 'BY', 'ENDS', 'LAST USED'],
          data.api_tokens.map((token) => rowOf(token, context.nowMs)),
        ),
  );
}

/** `api-tokens revoke` */
async function revokeToken(context: CommandContext, name: string): Promise<void> {
  const token = await context.api.call(MANAGER_ADMIN_ROUTES.revokeApiToken, { params: { name } });
  const { last_used_at: used, last_used_from: from } = token;
  const use =
    used === null ? 'it was never used' : `last used ${pastTime(used, context.nowMs)} from ${from ?? '-'}`;
  print(context, token, () => `Revoked API token ${token.name} (${token.role}); ${use}.`);
}

/** Adds `api-tokens` to the command line. */
export function addApiTokenCommands({ program, add, run }: CommandLine): void {
  const tokens = program
    .command('api-tokens')
    .description('API tokens, with which programs elsewhere call this manager as far as their role goes');
  const create = add(tokens, 'create', 'make an API token; prints it, this once').argument(
    '<name>',
    'what records call it, for example prometheus-2027',
    apiTokenName,
  );
  withNewRoles(create, 'what it may do')
    .option(
      '--allow <permission>',
      `also what lets somebody in, which no program may by its role alone: ${GUARDED_PERMISSIONS.join(', ')}; may be repeated`,
      guarded,
    )
    .option(
      '--expires <days>',
      `in how many days it ends, ${MAX_API_TOKEN_DAYS} at most (default: ${DEFAULT_API_TOKEN_DAYS})`,
      lifeInDays,
    )
    .action((name: string, options: CreateOptions, command: Command) =>
      run(
        command,
        quietly((context) => createToken(context, name, options)),
      ),
    );
  add(tokens, 'list', 'list API tokens: what each may do, when it ends, when it was last used').action(
    (_options: object, command: Command) => run(command, quietly(listTokens)),
  );
  add(tokens, 'revoke <name>', 'accept it no more, from now on').action(
    (name: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => revokeToken(context, name)),
      ),
  );
}
