import { messageOf, PatchError } from '@linux-patch/contract';
import { permissionAdvice } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import { type Command, CommanderError } from 'commander';
import { managerPaths } from '../config/paths.ts';
import { type ManagerConfig, ManagerConfigSchema } from '../config/schema.ts';
import { createApiClient } from './api-client.ts';
import type { CliDoors, CommandContext } from './command-context.ts';
import type { GlobalOptions } from './command-line.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { localConnection } from './local-connection.ts';
import { type Chosen, createManagerProgram } from './program.ts';
import { remoteOf } from './remote-connection.ts';

/** Errors and help go through the doors, and nothing ends the process. */
function tame(command: Command, doors: CliDoors): void {
  command.exitOverride().configureOutput({ writeOut: doors.stdout, writeErr: doors.stderr });
  for (const child of command.commands) tame(child as Command, doors);
}

function choose(argv: readonly string[], doors: CliDoors): Chosen | number {
  let chosen: Chosen | undefined;
  const program = createManagerProgram((one) => {
    chosen = one;
  });
  tame(program, doors);
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw error;
  }
  return chosen ?? EXIT.usage;
}

/** The configuration of the manager of this machine; of one elsewhere only the defaults are known. */
async function configOf(options: GlobalOptions, path: string, { files }: CliDoors): Promise<ManagerConfig> {
  if (options.manager !== undefined) return ManagerConfigSchema.parse({});
  const required = options.config !== undefined;
  return (await readConfiguration({ files, path, schema: ManagerConfigSchema, required })).value;
}

async function contextOf(options: GlobalOptions, doors: CliDoors): Promise<CommandContext> {
  const { files, startedFor } = doors;
  const paths = managerPaths(options.root);
  const configFile = options.config ?? paths.configFile;
  const config = await configOf(options, configFile, doors);
  const connection = (await remoteOf(options, files)) ?? localConnection({ files, paths, startedFor });
  return {
    ...doors,
    root: options.root,
    configFile,
    paths,
    config,
    api: createApiClient(connection),
    json: options.json ?? false,
    // Asked for when something is shown: an answer is never from later than that.
    get nowMs() {
      return doors.clock.now();
    },
  };
}

/** What works on files does it on this machine, whatever the environment says. */
function requireHere({ manager }: GlobalOptions): void {
  if (manager === undefined) return;
  throw new PatchError(
    'INVALID_REQUEST',
    `This command works on the files of the manager, so it runs on its machine; --manager (or LINUX_PATCH_MANAGER) names ${manager}. Nothing was done.`,
  );
}

/** Runs the command line and returns the exit code. */
export async function runManager(argv: readonly string[], doors: CliDoors): Promise<number> {
  const chosen = choose(argv, doors);
  if (typeof chosen === 'number') return chosen;
  try {
    const { options, run, runHere, runBare } = chosen;
    if (!run) requireHere(options);
    if (runBare) return await runBare(doors, options);
    const work = run ?? runHere;
    return work ? await work(await contextOf(options, doors)) : EXIT.usage;
  } catch (error) {
    const { dataFolder } = managerPaths(chosen.options.root);
    const advice = await permissionAdvice(doors.files, error, 'linux-patch-manager', dataFolder);
    const words = advice ?? messageOf(error);
    // What others said begins no line of its own.
    doors.stderr(`linux-patch-manager: ${words.replaceAll('\n', '\n  ')}\n`);
    return exitCodeOf(error);
  }
}
