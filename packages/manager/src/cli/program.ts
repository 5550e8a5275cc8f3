import {
  ENROLLMENT_STATES,
  MAX_JOIN_TOKEN_SECONDS,
  REVOCATION_REASON_NAMES,
  type RotationStep,
  VERSION,
} from '@linux-patch/contract';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type RotateOptions, rotateCa, showAuthority } from './ca-commands.ts';
import {
  type CertificateFilter,
  deleteHost,
  listCertificates,
  revokeCertificate,
  showCertificate,
} from './certificate-commands.ts';
import type { CommandContext } from './command-context.ts';
import {
  type ApproveOptions,
  approveEnrollment,
  denyEnrollment,
  listEnrollments,
  showEnrollment,
} from './enrollment-commands.ts';
import { EXIT, EXIT_CODE_HELP } from './exit-codes.ts';
import { listHosts, listPackages, listPatches, setHost, showHost, showJobs } from './host-commands.ts';
import { type PatchOptions, patchHost } from './patch-command.ts';
import { init, serve, showStatus } from './server-commands.ts';
import {
  createToken,
  type InstallLineOptions,
  listTokens,
  printInstallLine,
  revokeToken,
  showToken,
  type TokenOptions,
} from './token-commands.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly root: string;
  readonly json?: boolean;
}

/** Runs a command with its context and returns the exit code. */
export type CommandRun = (context: CommandContext) => Promise<number>;

type Accept = (options: GlobalOptions, run: CommandRun) => void;

function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535.');
  return number;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

function duration(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (!(seconds >= 60 && seconds <= MAX_JOIN_TOKEN_SECONDS))
    throw new InvalidArgumentError('a time is a number with m, h or d, from 1m to 90d, for example 24h.');
  return seconds;
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new InvalidArgumentError('a number of hosts is from 1 to 10000.');
  return number;
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Adapts a command without an exit code of its own. */
function quietly(work: (context: CommandContext) => Promise<void>): CommandRun {
  return async (context) => {
    await work(context);
    return EXIT.done;
  };
}

/**
 * The command line of the manager.
 * @param accept called once with the command that was chosen.
 */
export function createManagerProgram(accept: Accept): Command {
  const program = new Command('linux-patch-manager')
    .description(
      'The manager of Linux Patch: certificate authority, queue of hosts that ask to join, patching of the fleet.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('-c, --config <path>', 'configuration file (default: /etc/linux_patch_manager/config.yaml)')
    .option('--root <dir>', 'prefix of every default path', '/')
    .addHelpText('after', EXIT_CODE_HELP)
    .showSuggestionAfterError(true);
  const add = (parent: Command, usage: string, description: string): Command =>
    parent.command(usage).description(description).option('--json', 'print JSON').allowExcessArguments(false);
  const run = (command: Command, work: CommandRun): void =>
    accept(command.optsWithGlobals<GlobalOptions>(), work);
  addServerCommands(program, add, run);
  addEnrollmentCommands(program, add, run);
  addTokenCommands(program, add, run);
  addHostCommands(program, add, run);
  addCaCommands(program, add, run);
  addCertificateCommands(program, add, run);
  return program;
}

type Add = (parent: Command, usage: string, description: string) => Command;
type Run = (command: Command, work: CommandRun) => void;

function addServerCommands(program: Command, add: Add, run: Run): void {
  add(program, 'init', 'make the certificate authority, once')
    .option('--url <url>', 'URL that agents are told, for example https://patch.example.org:8443')
    .option('--name <name>', "name or address for the manager's certificate; may be repeated", collect)
    .action((options: { url?: string; name?: readonly string[] }, command: Command) =>
      run(
        command,
        quietly((context) => init(context, options)),
      ),
    );
  add(program, 'serve', 'run the server until told to stop').action((_options: object, command: Command) =>
    run(command, serve),
  );
  add(program, 'status', 'show the running manager').action((_options: object, command: Command) =>
    run(command, quietly(showStatus)),
  );
}

function addEnrollmentCommands(program: Command, add: Add, run: Run): void {
  const enrollments = program.command('enrollments').description('hosts that ask to join');
  add(enrollments, 'list', 'list requests')
    .addOption(
      new Option('--state <state>', 'which requests')
        .choices([...ENROLLMENT_STATES, 'all'])
        .default('pending'),
    )
    .action((options: { state: string }, command: Command) =>
      run(
        command,
        quietly((context) => listEnrollments(context, options.state)),
      ),
    );
  add(enrollments, 'show <request>', 'show a request, by id, key id or host name').action(
    (id: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => showEnrollment(context, id)),
      ),
  );
  add(enrollments, 'approve <request>', 'let a host join')
    .option('--code <code>', 'the code that "linux-patch-api status" shows on the host')
    .option('--code-file <file>', 'read the code from a file, or from standard input with -')
    .option('--no-code', 'approve without a code, where the host trusts the manager by other means')
    .option('--replace', 'the request takes over the record of the host it conflicts with')
    .action(
      (
        id: string,
        options: { code?: string | boolean; codeFile?: string; replace?: boolean },
        command: Command,
      ) => {
        const { code, ...others } = options;
        const wanted: ApproveOptions = {
          ...others,
          ...(typeof code === 'string' ? { code } : {}),
          ...(code === false ? { withoutCode: true } : {}),
        };
        run(
          command,
          quietly((context) => approveEnrollment(context, id, wanted)),
        );
      },
    );
  add(enrollments, 'deny <request>', 'refuse a host')
    .option('--reason <text>', 'told to the host')
    .option('--code <code>', 'the host code, so that the host can trust the refusal')
    .action((id: string, options: { reason?: string; code?: string }, command: Command) =>
      run(
        command,
        quietly((context) => denyEnrollment(context, id, options)),
      ),
    );
}

function addTokenCommands(program: Command, add: Add, run: Run): void {
  const withLimits = (command: Command): Command =>
    command
      .option('--ttl <time>', 'how long it is good: 30m, 24h, 7d (default: 24h)', duration)
      .option('--uses <count>', 'how many hosts it lets in (default: 1)', count)
      .option('--hosts <pattern>', 'names it is for, for example web*.example.org (default: any)');
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
    .option('--url <url>', 'URL of this manager as the host reaches it (default: server.url)')
    .option('--package <file>', "the agent's package on the host", './linux-patch-api.deb')
    .action((options: InstallLineOptions, command: Command) =>
      run(
        command,
        quietly((context) => printInstallLine(context, options)),
      ),
    );
}

function addCaCommands(program: Command, add: Add, run: Run): void {
  const ca = program.command('ca').description('the certificate authority');
  add(ca, 'status', 'show the CAs with their fingerprints and dates, who uses them, and the rotation')
    .alias('show')
    .action((_options: object, command: Command) => run(command, quietly(showAuthority)));
  const rotate = ca.command('rotate').description('replace the root CA, step by step, without losing a host');
  const addStep = (step: RotationStep, description: string): Command =>
    add(rotate, step, description).action((options: RotateOptions, command: Command) =>
      run(
        command,
        quietly((context) => rotateCa(context, step, options)),
      ),
    );
  const skipping = (command: Command): Command =>
    command
      .option('--leave-behind <host>', 'go on without this host; may be repeated', collect)
      .option('--force', 'go on without every host that has not followed');
  addStep('start', 'make a new CA and tell hosts to trust it');
  add(rotate, 'status', 'the same as "ca status"').action((_options: object, command: Command) =>
    run(command, quietly(showAuthority)),
  );
  skipping(addStep('continue', 'go to the next phase, when every host has followed'));
  addStep('rollback', 'issue everything with the old CA again; possible until "finish"');
  skipping(addStep('finish', 'remove the CA that is not used any more and destroy its keys')).option(
    '--compromised',
    'its key is in wrong hands: its fingerprint must not let hosts join any more',
  );
}

function addHostCommands(program: Command, add: Add, run: Run): void {
  const hosts = program.command('hosts').description('the fleet');
  add(hosts, 'list', 'list hosts').action((_options: object, command: Command) =>
    run(command, quietly(listHosts)),
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
  add(program, 'packages <host>', 'list installed packages of a host')
    .addOption(
      new Option('--status <status>', 'which packages').choices(['installed', 'upgradable', 'held', 'all']),
    )
    .option('--name <pattern>', 'name pattern with *')
    .action((id: string, options: { status?: string; name?: string }, command: Command) =>
      run(
        command,
        quietly((context) => listPackages(context, id, options)),
      ),
    );
  add(program, 'patches <host>', 'list pending updates of a host')
    .option('--security', 'security updates only')
    .action((id: string, options: { security?: boolean }, command: Command) =>
      run(
        command,
        quietly((context) => listPatches(context, id, options)),
      ),
    );
  add(program, 'patch <host> [packages...]', 'apply updates on a host')
    .option('--all', 'every pending update')
    .option('--security', 'security updates')
    .option('--exclude <pattern>', 'leave packages out; may be repeated', collect)
    .option('--reboot', 'let the host reboot when the updates need it')
    .option('--wait', 'show progress and wait for the end')
    .action((id: string, names: string[], options: PatchOptions, command: Command) =>
      run(command, (context) => patchHost(context, id, names, options)),
    );
  add(program, 'jobs <host> [job]', 'list jobs of a host, or show one').action(
    (id: string, job: string | undefined, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => showJobs(context, id, job)),
      ),
  );
}

function days(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new InvalidArgumentError('give a number of days.');
  return number;
}

function addCertificateCommands(program: Command, add: Add, run: Run): void {
  const certificates = program.command('certificates').description('certificates this manager issued');
  add(certificates, 'list', 'list certificates in force')
    .option('--host <host>', 'only those of a host, by name, address or id')
    .option('--expiring <days>', 'only those that expire within so many days', days)
    .option('--revoked', 'revoked ones')
    .option('--all', 'also revoked and expired ones')
    .action((options: CertificateFilter, command: Command) =>
      run(
        command,
        quietly((context) => listCertificates(context, options)),
      ),
    );
  add(certificates, 'show <serial>', 'show a certificate').action(
    (serial: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => showCertificate(context, serial)),
      ),
  );
  add(certificates, 'revoke <serial>', 'revoke a certificate for good and tell every host')
    .addOption(
      new Option('--reason <reason>', 'why, as in RFC 5280')
        .choices(REVOCATION_REASON_NAMES)
        .makeOptionMandatory(),
    )
    .action((serial: string, options: { reason: string }, command: Command) =>
      run(
        command,
        quietly((context) => revokeCertificate(context, serial, options)),
      ),
    );
}
