import {
  ENROLLMENT_STATES,
  type Enrollment,
  type EnrollmentList,
  type JoinTokenVerdict,
  MANAGER_ADMIN_ROUTES,
} from '@linux-patch/contract';
import { pastTime, relativeTime, renderFacts, renderTable } from '@linux-patch/runtime/printed';
import { type Command, Option } from 'commander';
import { offset, pageSize } from './arguments.ts';
import { CODE_HELP, type CodeOption, type CodeOptions, readCode } from './code-input.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';

const TOKEN_WORDS: Readonly<Record<JoinTokenVerdict, string>> = {
  accepted: 'let the host in',
  unknown: 'this manager has no such token',
  wrong_proof: 'does not fit the request: it was changed on the way, or its sender does not have the token',
  spent: 'has no use left',
  expired: 'has expired',
  revoked: 'was revoked',
  wrong_host: 'is for hosts of other names',
  host_conflict: 'vouches for new hosts only, and this one is known already',
};

/** What makes this request trustworthy, or would. */
function trustOf(one: Enrollment): string {
  if (one.code_verified) return 'host code checked';
  if (one.join_token?.verdict === 'accepted') return `join token ${one.join_token.id}`;
  if (one.decided_by !== null) return 'none checked';
  return one.modes.includes('click') ? 'code, or none' : 'code';
}

const PROOF_WORDS: Readonly<Record<NonNullable<Enrollment['manager_proof']>['by'], string>> = {
  ca_file: 'the CA in a file of the host',
  pin: 'a pin of the CA',
  pin_later: 'a pin of the CA',
  system: "the system's CAs",
  code: 'nothing but the host code',
  tofu: 'nothing: the host believes whoever answers',
};

/** What the host says proves this manager; a CA that is not yours there reads along (TLS inspection). */
function proofWords({ by, issuer }: NonNullable<Enrollment['manager_proof']>): string {
  return `${PROOF_WORDS[by]}${issuer === null ? '' : `, TLS by "${issuer}"`} (says the host)`;
}

function describe(one: Enrollment, nowMs: number): string {
  return renderFacts([
    ['Host', one.fqdn],
    ['Request', one.id],
    [
      'State',
      one.decided_by ? `${one.state} by ${one.decided_by}, ${pastTime(one.decided_at, nowMs)}` : one.state,
    ],
    ['Key id', one.key_id ?? 'none: the agent is of the older generation'],
    [
      'Address',
      one.ip_address === one.observed_address
        ? one.ip_address
        : `${one.ip_address} (asked from ${one.observed_address})`,
    ],
    ['Machine-id', one.machine_id],
    ['System', [one.os_details.distro, one.os_details.version].filter(Boolean).join(' ') || null],
    [
      'Approval',
      one.modes.includes('click') ? 'with the host code, or without (--no-code)' : 'with the host code',
    ],
    ['Trusts us by', one.manager_proof ? proofWords(one.manager_proof) : null],
    ['Code checked', one.code_verified ? 'yes' : 'no'],
    ...(one.join_token
      ? [['Join token', `${one.join_token.id}: ${TOKEN_WORDS[one.join_token.verdict]}`] as const]
      : []),
    ['Asked', pastTime(one.created_at, nowMs)],
    ['Last seen', pastTime(one.last_poll_at, nowMs)],
    ['Forgotten', relativeTime(one.expires_at, nowMs)],
    ...one.conflicts.map((conflict) => ['Conflict', conflict] as const),
    ...(one.conflicts_total > one.conflicts.length
      ? [['Conflict', `and ${one.conflicts_total - one.conflicts.length} more`] as const]
      : []),
  ]);
}

interface ListOptions {
  readonly state: string;
  readonly limit: number;
  readonly offset: number;
}

/** Which part of the list this is, and how the next is seen. */
function pageWords({ enrollments, total, limit, offset }: EnrollmentList): string[] {
  if (enrollments.length === total) return [];
  const next = offset + limit;
  const more = next < total ? ` "--offset ${next}" shows the next.` : '';
  return ['', `${enrollments.length} of ${total} requests, from number ${offset + 1}, newest first.${more}`];
}

/** `enrollments list` */
async function listEnrollments(context: CommandContext, options: ListOptions): Promise<void> {
  const { state, limit, offset } = options;
  const query = { state, limit: String(limit), offset: String(offset) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.listEnrollments, { query });
  print(context, data, () => {
    if (data.total === 0) return state === 'pending' ? 'No host is waiting for approval.' : 'No requests.';
    const table = renderTable(
      ['HOST', 'STATE', 'KEY ID', 'ADDRESS', 'TRUST', 'ASKED', 'NOTES'],
      data.enrollments.map((one) => [
        one.fqdn,
        one.state,
        one.key_id ?? '-',
        one.ip_address === one.observed_address
          ? one.ip_address
          : `${one.ip_address} via ${one.observed_address}`,
        trustOf(one),
        pastTime(one.created_at, context.nowMs),
        [
          one.generation === 'older' ? 'older agent' : '',
          one.join_token && one.join_token.verdict !== 'accepted' ? 'join token refused, see show' : '',
          one.conflicts_total > 0 ? 'CONFLICT, see show' : '',
        ]
          .filter(Boolean)
          .join(', '),
      ]),
    );
    return [table, ...pageWords(data)].join('\n');
  });
}

/** `enrollments show` */
async function showEnrollment(context: CommandContext, id: string): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.getEnrollment, { params: { id } });
  print(context, data, () => describe(data, context.nowMs));
}

interface ApproveOptions extends CodeOptions {
  readonly withoutCode?: boolean;
  readonly replace?: boolean;
}

/** `enrollments approve` */
async function approveEnrollment(
  context: CommandContext,
  id: string,
  options: ApproveOptions,
): Promise<void> {
  const code = options.withoutCode ? undefined : await readCode(context, options);
  const body = { ...(code === undefined ? {} : { code }), ...(options.replace ? { replace: true } : {}) };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.approve, { params: { id }, body });
  print(
    context,
    data,
    () =>
      `Approved ${data.fqdn} (key ${data.key_id ?? 'made by the manager'})${data.code_verified ? ', host code verified' : ', without a code'}.`,
  );
}

/** `enrollments deny` */
async function denyEnrollment(
  context: CommandContext,
  id: string,
  options: { readonly reason?: string; readonly code?: CodeOption },
): Promise<void> {
  const code = options.code === undefined ? undefined : await readCode(context, options);
  const body = {
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(code === undefined ? {} : { code }),
  };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.deny, { params: { id }, body });
  print(context, data, () => `Denied ${data.fqdn}.`);
}

/** Adds `enrollments` to the command line. */
export function addEnrollmentCommands({ program, add, run }: CommandLine): void {
  const enrollments = program.command('enrollments').description('hosts that ask to join');
  add(enrollments, 'list', 'list requests')
    .addOption(
      new Option('--state <state>', 'which requests')
        .choices([...ENROLLMENT_STATES, 'all'])
        .default('pending'),
    )
    .option('--limit <n>', 'requests on a page, at most 1000', pageSize, 100)
    .option('--offset <n>', 'requests to leave out, of the newest', offset, 0)
    .action((options: ListOptions, command: Command) =>
      run(
        command,
        quietly((context) => listEnrollments(context, options)),
      ),
    );
  add(enrollments, 'show <request>', 'show a request, by id, key id or full host name').action(
    (id: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => showEnrollment(context, id)),
      ),
  );
  add(enrollments, 'approve <request>', 'let a host join')
    .option('--code [code]', CODE_HELP)
    .option('--code-file <file>', 'read the code from a file')
    .option('--no-code', 'approve without a code, where the host trusts the manager by other means')
    .option('--replace', 'the request takes over the record of the host it conflicts with')
    .action(
      (
        id: string,
        options: { code?: CodeOption | false; codeFile?: string; replace?: boolean },
        command: Command,
      ) => {
        const { code, ...others } = options;
        // commander's way to say `--no-code`.
        const wanted =
          code === false ? { ...others, withoutCode: true } : { ...others, ...(code ? { code } : {}) };
        run(
          command,
          quietly((context) => approveEnrollment(context, id, wanted)),
        );
      },
    );
  add(enrollments, 'deny <request>', 'refuse a host')
    .option('--reason <text>', 'told to the host')
    .option('--code [code]', 'the host code, so that the host can trust the refusal; given as for approve')
    .action((id: string, options: { reason?: string; code?: CodeOption }, command: Command) =>
      run(
        command,
        quietly((context) => denyEnrollment(context, id, options)),
      ),
    );
}
