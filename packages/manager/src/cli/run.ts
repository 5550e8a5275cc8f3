import { messageOf, PatchError } from '@linux-patch/contract';
import { permissionAdvice } from '@linux-patch/runtime';
import { type Command, CommanderError } from 'commander';
import { managerPaths } from '../config/paths.ts';
import type { CliDoors } from './command-context.ts';
import type { GlobalOptions } from './command-line.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { openContext } from './open-context.ts';
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
    return work ? await work(await openContext(options, doors)) : EXIT.usage;
  } catch (error) {
    const { dataFolder } = managerPaths(chosen.options.root);
    const advice = await permissionAdvice(doors.files, error, 'linux-patch-manager', dataFolder);
    const words = advice ?? messageOf(error);
    // What others said begins no line of its own.
    doors.stderr(`linux-patch-manager: ${words.replaceAll('\n', '\n  ')}\n`);
    return exitCodeOf(error);
  }
}
