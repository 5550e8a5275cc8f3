import { messageOf } from '@linux-patch/contract';
import { permissionAdvice } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import { type Command, CommanderError } from 'commander';
import { managerPaths } from '../config/paths.ts';
import { ManagerConfigSchema } from '../config/schema.ts';
import { createApiClient } from './api-client.ts';
import type { CliDoors, CommandContext } from './command-context.ts';
import type { GlobalOptions } from './command-line.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { type Chosen, createManagerProgram } from './program.ts';

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

async function contextOf(options: GlobalOptions, doors: CliDoors): Promise<CommandContext> {
  const paths = managerPaths(options.root);
  const configFile = options.config ?? paths.configFile;
  const { value: config } = await readConfiguration({
    files: doors.files,
    path: configFile,
    schema: ManagerConfigSchema,
    required: options.config !== undefined,
  });
  return {
    ...doors,
    root: options.root,
    configFile,
    paths,
    config,
    api: createApiClient({ files: doors.files, paths, startedFor: doors.startedFor }),
    json: options.json ?? false,
    // Asked for when something is shown: an answer is never from later than that.
    get nowMs() {
      return doors.clock.now();
    },
  };
}

/** Runs the command line and returns the exit code. */
export async function runManager(argv: readonly string[], doors: CliDoors): Promise<number> {
  const chosen = choose(argv, doors);
  if (typeof chosen === 'number') return chosen;
  try {
    const { options, run, runBare } = chosen;
    if (runBare) return await runBare(doors, options);
    return run ? await run(await contextOf(options, doors)) : EXIT.usage;
  } catch (error) {
    const { dataFolder } = managerPaths(chosen.options.root);
    const advice = await permissionAdvice(doors.files, error, 'linux-patch-manager', dataFolder);
    const words = advice ?? messageOf(error);
    // What others said begins no line of its own.
    doors.stderr(`linux-patch-manager: ${words.replaceAll('\n', '\n  ')}\n`);
    return exitCodeOf(error);
  }
}
