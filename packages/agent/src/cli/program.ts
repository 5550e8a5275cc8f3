import { JobKeyFingerprint, VERSION } from '@linux-patch/contract';
import { Command, InvalidArgumentError } from 'commander';
import type { ChangeInvocation } from './change.ts';
import { addChangeCommands } from './change-commands.ts';
import type { JobsInvocation } from './jobs.ts';
import type { PackagesInvocation } from './packages.ts';
import { excluded, jobId, packageNames, packagePattern } from './read-arguments.ts';

/** What the command line asks for. */
export type AgentInvocation = {
  /** Configuration file; undefined means the default under `root`. */
  readonly config: string | undefined;
  /** Prefix of every default path. */
  readonly root: string;
  readonly verbose: boolean;
} & (
  | { readonly mode: 'service' }
  | { readonly mode: 'enroll'; readonly url: string }
  | { readonly mode: 'renew' }
  | { readonly mode: 'status'; readonly json: boolean }
  | { readonly mode: 'leave'; readonly force: boolean }
  /** Null is that no key is to be pinned. */
  | { readonly mode: 'trust-job-key'; readonly fingerprint: string | null }
  | { readonly mode: 'policy-check'; readonly file: string }
  | { readonly mode: 'policy-show' }
  | PackagesInvocation
  | ChangeInvocation
  | JobsInvocation
  | { readonly mode: 'doctor'; readonly json: boolean; readonly fix: boolean; readonly offline: boolean }
);

interface Options {
  readonly config?: string;
  readonly root: string;
  readonly verbose?: boolean;
  readonly enroll?: string;
  readonly renewCerts?: boolean;
}

const EPILOG = `
Without --enroll or --renew-certs the agent runs as a service: it checks its certificates, enrols
when they are missing or invalid and enrollment.manager_url is set, then serves its API.

Exit codes of the service, --enroll and --renew-certs:
  0  clean: done, told to stop while serving, or nothing to do without a person
     (no certificates and no URL, or enrolment denied)
  1  error: configuration, bind; with --enroll and --renew-certs any failure, denial included
  2  certificates still invalid and enrolment not finished (stopped or gave up); start again to resume

Exit codes of status:
  0  the identity is valid
  1  the state cannot be read
  3  enrolment is under way
  4  the identity is not usable or revoked, and a person is needed

Exit codes of leave:
  0  this host has no identity any more and the manager knows, or there was none
  1  nothing was wiped: the manager could not be told and --force was not given, or the agent could not be stopped
  2  this host has no identity any more, but the manager still believes in it

Exit codes of trust-job-key:
  0  done; a running agent goes by it at once
  1  it could not be written down

Exit codes of policy check and policy show:
  0  the policy has no faults
  1  it cannot be looked at
  4  it has faults, or others than root can change it: as the policy in force it denies every change

Exit codes of packages, updates, plan and jobs:
  0  what is printed is of the state of this host now
  1  it cannot be said; never an older listing instead

Exit codes of apply, install, remove, hold, unhold and rollback:
  0  done, or nothing to do; with --no-wait: begun
  1  nothing was begun: refused, denied, not wanted, or not possible
  3  the job goes on and was not waited for any longer
  4  the job has failed

Exit codes of job:
  0  it has ended well
  1  there is no such job, or it was not followed to its end
  3  it waits or runs
  4  it has failed

Exit codes of doctor:
  0  nothing is wrong (there may be notices)
  1  the doctor itself failed
  3  warnings: the host works, but something will fail or is weaker than it should be, or waits for approval
  4  errors: the host cannot do its work, or others can take it over
`;

/**
 * The command line of the agent.
 * @param accept called once with what the arguments ask for.
 */
export function createAgentProgram(accept: (invocation: AgentInvocation) => void): Command {
  const program = new Command('linux-patch-api')
    .description('The agent of Linux Patch: gets its own certificates, serves the patch API on this host.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('-c, --config <path>', 'configuration file (default: /etc/linux_patch_api/config.yaml)')
    .option('--root <dir>', 'prefix of every default path', '/')
    .option('-v, --verbose', 'log at level debug')
    .option('--enroll <url>', 'enrol with this manager and exit; never binds a port')
    .option('--renew-certs', 'check the certificates, renew or enrol when needed, and exit')
    .addHelpText('after', EPILOG)
    .allowExcessArguments(false)
    .action((options: Options, command: Command) => {
      if (options.enroll !== undefined && options.renewCerts) {
        command.error('error: --enroll and --renew-certs cannot be used together; choose one');
      }
      accept({ ...base(options), ...modeOf(options) });
    });
  program
    .command('status')
    .description('show certificates, enrolment and the host code (needs root)')
    .option('--json', 'print JSON')
    .allowExcessArguments(false)
    .action((own: { json?: boolean }, command: Command) => {
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'status', json: own.json ?? false });
    });
  program
    .command('doctor')
    .description('find what is wrong, the cause first, with the command that mends it (needs root)')
    .option('--fix', 'mend what can be mended on this host')
    .option('--offline', 'do not ask the network')
    .option('--json', 'print JSON')
    .allowExcessArguments(false)
    .action((own: { json?: boolean; fix?: boolean; offline?: boolean }, command: Command) => {
      const { json = false, fix = false, offline = false } = own;
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'doctor', json, fix, offline });
    });
  const policy = program
    .command('policy')
    .description('what this host lets its manager do: /etc/linux_patch_api/policy.yaml');
  policy
    .command('check <file>')
    .description('look for faults in a file that is to become the policy, and show all of them')
    .allowExcessArguments(false)
    .action((file: string, _own: object, command: Command) => {
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'policy-check', file });
    });
  policy
    .command('show')
    .description('say in plain words what is in force, and whether a change may begin now (needs root)')
    .allowExcessArguments(false)
    .action((_own: object, command: Command) => {
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'policy-show' });
    });
  addHostCommands(program, accept);
  program
    .command('leave')
    .description('tell the manager that this host leaves, and wipe its identity (needs root)')
    .option('--force', 'wipe it even when the manager cannot be told')
    .allowExcessArguments(false)
    .action((own: { force?: boolean }, command: Command) => {
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'leave', force: own.force ?? false });
    });
  program
    .command('trust-job-key')
    .description('say which key of a manager signs the changes that this host does (needs root)')
    .argument(
      '<fingerprint>',
      'SHA256:… as "linux-patch-manager job-key show" prints it; or "none": unsigned changes count',
      jobKeyFingerprint,
    )
    .allowExcessArguments(false)
    .action((fingerprint: string | null, _own: object, command: Command) => {
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'trust-job-key', fingerprint });
    });
  return program.exitOverride();
}

/** What root sees on its own host, and has done there. */
function addHostCommands(program: Command, accept: (invocation: AgentInvocation) => void): void {
  addPackageCommands(program, accept);
  addJobCommands(program, accept);
  addChangeCommands(program, (command, invocation) =>
    accept({ ...base(command.optsWithGlobals<Options>()), ...invocation }),
  );
}

function addPackageCommands(program: Command, accept: (invocation: AgentInvocation) => void): void {
  program
    .command('packages')
    .description('what is installed on this host (needs root)')
    .option('--name <pattern>', 'only names like this, with *', packagePattern)
    .option('--json', 'print JSON')
    .allowExcessArguments(false)
    .action((own: { name?: string; json?: boolean }, command: Command) => {
      const { name, json = false } = own;
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'packages', name, json });
    });
  program
    .command('updates')
    .description('which updates wait on this host, which of them would stay, and why (needs root)')
    .option('--security', 'only those for security')
    .option('--json', 'print JSON')
    .allowExcessArguments(false)
    .action((own: { security?: boolean; json?: boolean }, command: Command) => {
      const { security = false, json = false } = own;
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'updates', security, json });
    });
  program
    .command('plan')
    .description(
      'what applying updates would do: exact versions, what comes and goes with them; changes nothing (needs root)',
    )
    .argument('[packages...]', 'only updates of these; all where none is named', packageNames)
    .option('--security', 'only updates for security')
    .option('--exclude <pattern>', 'leave out names like this, with *; may be repeated', excluded, [])
    .option('--allow-removals', 'let packages go that nobody named')
    .option('--json', 'print JSON')
    .action((names: string[] | undefined, own: PlanOptions, command: Command) => {
      const { security = false, exclude, allowRemovals = false, json = false } = own;
      const wish = { names: names ?? [], security, exclude, allowRemovals };
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'plan', wish, json });
    });
}

interface PlanOptions {
  readonly security?: boolean;
  readonly exclude: readonly string[];
  readonly allowRemovals?: boolean;
  readonly json?: boolean;
}

function addJobCommands(program: Command, accept: (invocation: AgentInvocation) => void): void {
  program
    .command('jobs')
    .description('what this host was asked to do, newest first (needs root)')
    .option('--json', 'print JSON')
    .allowExcessArguments(false)
    .action((own: { json?: boolean }, command: Command) => {
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'jobs', json: own.json ?? false });
    });
  program
    .command('job')
    .description('how a job of this host stands, and what it has printed (needs root)')
    .argument('<id>', 'as "jobs" shows it', jobId)
    .option('--follow', 'show what it prints until it ends')
    .option('--json', 'print JSON')
    .allowExcessArguments(false)
    .action((id: string, own: { follow?: boolean; json?: boolean }, command: Command) => {
      const { follow = false, json = false } = own;
      accept({ ...base(command.optsWithGlobals<Options>()), mode: 'job', id, follow, json });
    });
}

function jobKeyFingerprint(text: string): string | null {
  if (text === 'none') return null;
  const { data } = JobKeyFingerprint.safeParse(text);
  if (data !== undefined) return data;
  throw new InvalidArgumentError('It has SHA256: and 43 letters, digits, - and _; or it is none.');
}

function base(options: Options): { config: string | undefined; root: string; verbose: boolean } {
  return { config: options.config, root: options.root, verbose: options.verbose ?? false };
}

function modeOf(options: Options): { mode: 'enroll'; url: string } | { mode: 'renew' } | { mode: 'service' } {
  if (options.enroll !== undefined) return { mode: 'enroll', url: options.enroll };
  return options.renewCerts ? { mode: 'renew' } : { mode: 'service' };
}
