import {
  type Host,
  type JobKeyState,
  MANAGER_ADMIN_ROUTES,
  REVOCATION_REASON_NAMES,
} from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import {
  describePackages,
  describePatches,
  pastTime,
  relativeTime,
  renderFacts,
  renderTable,
} from '@linux-patch/runtime/printed';
import { type Command, Option } from 'commander';
import { addActCommands } from './act-commands.ts';
import { port } from './arguments.ts';
import { deleteHost } from './certificate-commands.ts';
import { HOSTS_HELP } from './choose-hosts.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { addHistoryCommand } from './history-command.ts';
import { addHolderCommands } from './holder-commands.ts';
import { addInventoryCommands } from './inventory-commands.ts';
import { addJobCommands } from './job-commands.ts';
import { addLabelCommands, labelWords } from './label-commands.ts';
import { addQuestionCommands } from './question-commands.ts';

/** Columns of one host in `hosts list`. */
function rowOf(host: Host, nowMs: number): string[] {
  const { identity } = host;
  return [
    host.fqdn,
    `${host.ip_address}:${host.agent_port}`,
    [host.os_details.distro, host.os_details.version].filter(Boolean).join(' '),
    relativeTime(host.certificate_expires_at, nowMs),
    identity.state === 'ok' ? 'ok' : identity.state.replaceAll('_', ' ').toUpperCase(),
    pastTime(host.last_seen_at, nowMs),
    labelWords(host.labels) || '-',
    host.groups.join(',') || '-',
    [
      host.key_origin === 'manager' ? 'key made by the manager' : '',
      identity.trust === 'tofu' ? 'trusts on first use' : '',
      jobKeyNote(host),
      policyNote(host),
      host.last_error ? 'unreachable' : '',
      host.left_at === null && host.reboot.needed ? 'needs a reboot' : '',
      host.left_at === null && identity.crl_current === false ? 'revocation list outdated' : '',
    ]
      .filter(Boolean)
      .join(', '),
  ];
}

/** What is said of hosts that pin no key of this manager. */
function jobKeyNote({ left_at, job_key }: Host): string {
  if (left_at !== null) return '';
  switch (job_key.state) {
    case 'foreign':
      return 'pins a FOREIGN JOB KEY';
    case 'unreadable':
      return 'REFUSES CHANGES: its pinned job key cannot be read (as root there: linux-patch-api trust-job-key)';
    case 'none':
      return 'pins no job key';
    case 'unsupported':
      return 'takes unsigned changes (upgrade its agent)';
    case 'behind':
      return 'pins an earlier job key';
    case 'pinned':
    case 'unknown':
      return '';
  }
}

/** States in which this manager would tell the host of its key. */
const UNLIKE_OURS: ReadonlySet<JobKeyState> = new Set(['none', 'behind', 'foreign']);

const ONLY_ROOT =
  'The certificates of this host were copied there by hand, so it takes no key from a manager: only its root can pin one, with the fingerprint of "linux-patch-manager job-key show": linux-patch-api trust-job-key SHA256:…';

function jobKeyFact({ identity, job_key }: Host): string {
  const { state, pinned, by } = job_key;
  const why = by === null ? '' : `, by ${by.replaceAll('_', ' ')}`;
  const told = pinned === null ? `${state}${why}` : `${state}${why}: ${pinned}`;
  return identity.trust === 'manual' && UNLIKE_OURS.has(state) ? `${told}. ${ONLY_ROOT}` : told;
}

function policyFact({ policy: { allows, fault } }: Host): string {
  if (fault !== null) return `DENIES EVERY CHANGE: ${fault}`;
  if (allows === null) return 'not known';
  return allows.length === 0 ? 'lets managers change nothing' : `lets managers ask for ${allows.join(', ')}`;
}

/** What is said of hosts that let managers update nothing. */
function policyNote({ left_at, policy: { allows, fault } }: Host): string {
  if (left_at !== null) return '';
  if (fault !== null) return 'DENIES CHANGES: its policy is faulty';
  return allows === null || allows.includes('update') ? '' : 'its policy lets managers update nothing';
}

/** `hosts list` */
async function listHosts(context: CommandContext, hosts: string | undefined): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.listHosts, { query: { hosts } });
  print(context, data, () => {
    if (data.hosts.length === 0)
      return 'No hosts yet. "linux-patch-manager enrollments list" shows who asks to join.';
    const alarming = data.hosts.filter(({ identity }) => !['ok', 'left'].includes(identity.state));
    return [
      renderTable(
        [
          'HOST',
          'ADDRESS',
          'SYSTEM',
          'CERTIFICATE ENDS',
          'IDENTITY',
          'LAST SEEN',
          'LABELS',
          'GROUPS',
          'NOTES',
        ],
        data.hosts.map((host) => rowOf(host, context.nowMs)),
      ),
      ...(alarming.length === 0
        ? []
        : [
            '',
            'These need a look:',
            ...alarming.map((host) => printableLine(`  ${host.fqdn}: ${host.identity.message}`)),
          ]),
    ].join('\n');
  });
}

function identityFacts({ identity, key_origin }: Host, nowMs: number): (readonly [string, string | null])[] {
  const state = identity.message === null ? identity.state : `${identity.state}: ${identity.message}`;
  const list = identity.crl_number === null ? 'none known' : `number ${identity.crl_number}`;
  return [
    ['Identity', state],
    ['Days left', identity.days_left?.toString() ?? null],
    ['Key made by', key_origin === 'host' ? 'the host' : 'the manager'],
    ['Trusts by', identity.trust],
    [
      'Revocation list',
      `${list}, ${identity.crl_status ?? 'not asked yet'}${identity.crl_current === false ? '; it lacks something that is revoked' : ''}`,
    ],
    ['Asked', pastTime(identity.reported_at, nowMs)],
  ];
}

function rebootFact({ reboot: { needed, reasons, said_at } }: Host, nowMs: number): string {
  if (needed === null) return 'not known whether it needs one';
  const said = `as it said ${pastTime(said_at, nowMs)}`;
  return needed ? `needed: ${reasons.join('; ') || 'it does not say why'} (${said})` : `not needed, ${said}`;
}

function describe(host: Host, nowMs: number): string {
  return renderFacts([
    ['Host', host.fqdn],
    ['Id', host.id],
    ['Address', `${host.ip_address}:${host.agent_port}`],
    ['Labels', labelWords(host.labels) || null],
    ['Groups', host.groups.join(', ') || null],
    ['Note', host.note],
    ['Machine-id', host.machine_id],
    ['System', [host.os_details.distro, host.os_details.version].filter(Boolean).join(' ') || null],
    ['Certificate', host.certificate_serial],
    ['Serves with', host.identity.served_serial],
    [
      'Ends',
      host.certificate_expires_at &&
        `${host.certificate_expires_at} (${relativeTime(host.certificate_expires_at, nowMs)})`,
    ],
    ...identityFacts(host, nowMs),
    ['Job key', jobKeyFact(host)],
    ['Policy', policyFact(host)],
    ['Reboot', rebootFact(host, nowMs)],
    ['Joined', pastTime(host.created_at, nowMs)],
    ...(host.left_at === null ? [] : [['Left', pastTime(host.left_at, nowMs)] as const]),
    ['Last seen', pastTime(host.last_seen_at, nowMs)],
    ['Last error', host.last_error],
  ]);
}

/** `hosts show` */
async function showHost(context: CommandContext, id: string): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.getHost, { params: { id } });
  print(context, data, () => describe(data, context.nowMs));
}

/** `hosts set` */
async function setHost(
  context: CommandContext,
  id: string,
  options: { readonly port?: number; readonly address?: string },
): Promise<void> {
  const body = {
    ...(options.port === undefined ? {} : { agent_port: options.port }),
    ...(options.address === undefined ? {} : { ip_address: options.address }),
  };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.changeHost, { params: { id }, body });
  print(context, data, () => describe(data, context.nowMs));
}

/** `packages` */
async function listPackages(
  context: CommandContext,
  id: string,
  options: { readonly status?: string; readonly name?: string; readonly refresh?: boolean },
): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.hostPackages, {
    params: { id },
    query: { status: options.status, name: options.name, refresh: options.refresh ? 'true' : undefined },
  });
  print(context, data, () => describePackages(data, context.nowMs));
}

/** `patches` */
async function listPatches(
  context: CommandContext,
  id: string,
  options: { readonly security?: boolean; readonly refresh?: boolean },
): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.hostPatches, {
    params: { id },
    query: {
      explain: 'true',
      security: options.security ? 'true' : undefined,
      refresh: options.refresh ? 'true' : undefined,
    },
  });
  print(context, data, () => describePatches(data, context.nowMs));
}

const REFRESH = 'let the host ask its package sources for news first';

/** Adds `hosts` and what is asked of a host to the command line. */
export function addHostCommands(line: CommandLine): void {
  const { program, add, run } = line;
  const hosts = program.command('hosts').description('the fleet');
  add(hosts, 'list [hosts]', 'list the fleet, or hosts of it')
    .addHelpText('after', HOSTS_HELP)
    .action((reference: string | undefined, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => listHosts(context, reference)),
      ),
    );
  add(hosts, 'show <host>', 'show a host, by name, address or id').action(
    (id: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => showHost(context, id)),
      ),
  );
  add(hosts, 'set <host>', 'change where the agent of a host is')
    .option('--port <port>', "the agent's port", port)
    .option('--address <address>', "the host's address")
    .action((id: string, options: { port?: number; address?: string }, command: Command) =>
      run(
        command,
        quietly((context) => setHost(context, id, options)),
      ),
    );
  add(hosts, 'delete <host>', 'remove a host and revoke its certificates')
    .addOption(
      new Option('--reason <reason>', 'why its certificates are revoked').choices(REVOCATION_REASON_NAMES),
    )
    .action((id: string, options: { reason?: string }, command: Command) =>
      run(
        command,
        quietly((context) => deleteHost(context, id, options)),
      ),
    );
  addLabelCommands(hosts, line);
  addInventoryCommands(hosts, line);
  addHistoryCommand(hosts, line);
  addHolderCommands(hosts, line);
  addQuestionCommands(hosts, line);
  add(program, 'packages <host>', 'list installed packages of a host')
    .addOption(
      new Option('--status <status>', 'which packages').choices(['installed', 'upgradable', 'held', 'all']),
    )
    .option('--name <pattern>', 'name pattern with *')
    .option('--refresh', REFRESH)
    .action((id: string, options: { status?: string; name?: string; refresh?: boolean }, command: Command) =>
      run(
        command,
        quietly((context) => listPackages(context, id, options)),
      ),
    );
  add(program, 'patches <host>', 'list pending updates of a host')
    .option('--security', 'security updates only')
    .option('--refresh', REFRESH)
    .action((id: string, options: { security?: boolean; refresh?: boolean }, command: Command) =>
      run(
        command,
        quietly((context) => listPatches(context, id, options)),
      ),
    );
  addJobCommands(line);
  addActCommands(line);
}
