import { VERSION } from '@linux-patch/contract';
import { Command, Option } from 'commander';
import { addApiTokenCommands } from './api-token-commands.ts';
import { managerUrl } from './arguments.ts';
import { addAuditCommands } from './audit-commands.ts';
import { addBackupCommands } from './backup-commands.ts';
import { addCaCommands } from './ca-commands.ts';
import { addCertificateCommands } from './certificate-commands.ts';
import type { BareRun, CommandLine, CommandRun, GlobalOptions } from './command-line.ts';
import { addDatabaseCommands } from './database-commands.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { addEnrollmentCommands } from './enrollment-commands.ts';
import { EXIT_CODE_HELP } from './exit-codes.ts';
import { addGroupCommands } from './group-commands.ts';
import { addHostCommands } from './host-commands.ts';
import { addJobKeyCommands } from './job-key-commands.ts';
import { addPackageCommands } from './package-commands.ts';
import { addPatchCommand } from './patch-command.ts';
import { addPeopleCommands } from './people-commands.ts';
import { addRebootCommands } from './reboot-commands.ts';
import { addSearchCommands } from './search-commands.ts';
import { addServerCommands } from './server-commands.ts';
import { addServiceCommands } from './service-commands.ts';
import { addTokenCommands } from './token-commands.ts';

/** A command that was chosen; one of the three runs it. */
export interface Chosen {
  readonly options: GlobalOptions;
  readonly run?: CommandRun;
  readonly runHere?: CommandRun;
  readonly runBare?: BareRun;
}

/**
 * The command line of the manager.
 * @param accept called once with the command that was chosen.
 */
export function createManagerProgram(accept: (chosen: Chosen) => void): Command {
  const program = new Command('linux-patch-manager')
    .description(
      'The manager of Linux Patch: certificate authority, queue of hosts that ask to join, patching of the fleet.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('-c, --config <path>', 'configuration file (default: /etc/linux_patch_manager/config.yaml)')
    .option('--root <dir>', 'prefix of every default path', '/')
    .addOption(
      new Option('--manager <url>', 'ask the manager there instead of the one of this machine')
        .env('LINUX_PATCH_MANAGER')
        .argParser(managerUrl),
    )
    .addOption(
      new Option('--token-file <path>', 'its API token, in a file of yours with mode 0600').env(
        'LINUX_PATCH_TOKEN_FILE',
      ),
    )
    .addOption(
      new Option(
        '--ca <path>',
        'what its certificate has to come from, a copy of its ca/root.pem (default: the authorities that this machine believes)',
      ).env('LINUX_PATCH_CA'),
    )
    .addHelpText('after', EXIT_CODE_HELP)
    .showSuggestionAfterError(true);
  const add: CommandLine['add'] = (parent, usage, description) =>
    parent.command(usage).description(description).option('--json', 'print JSON').allowExcessArguments(false);
  const run: CommandLine['run'] = (command, work) =>
    accept({ options: command.optsWithGlobals(), run: work });
  const runHere: CommandLine['runHere'] = (command, work) =>
    accept({ options: command.optsWithGlobals(), runHere: work });
  const runBare: CommandLine['runBare'] = (command, work) =>
    accept({ options: command.optsWithGlobals(), runBare: work });
  const line = { program, add, run, runHere, runBare };
  addServerCommands(line);
  addDoctorCommand(line);
  addBackupCommands(line);
  addDatabaseCommands(line);
  addEnrollmentCommands(line);
  addTokenCommands(line);
  addApiTokenCommands(line);
  addPeopleCommands(line);
  addAuditCommands(line);
  addHostCommands(line);
  addGroupCommands(line);
  addSearchCommands(line);
  addPatchCommand(line);
  addPackageCommands(line);
  addServiceCommands(line);
  addRebootCommands(line);
  addCaCommands(line);
  addJobKeyCommands(line);
  addCertificateCommands(line);
  return program;
}
