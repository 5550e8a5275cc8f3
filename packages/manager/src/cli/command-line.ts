import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { EXIT } from './exit-codes.ts';

/** Runs a command with its context and returns the exit code. */
export type CommandRun = (context: CommandContext) => Promise<number>;

/** What the parts of the command line are put together with. */
export interface CommandLine {
  readonly program: Command;
  /** A command with the options that every one takes. */
  readonly add: (parent: Command, usage: string, description: string) => Command;
  /** Says that this command was chosen. */
  readonly run: (command: Command, work: CommandRun) => void;
}

/** Adapts a command without an exit code of its own. */
export function quietly(work: (context: CommandContext) => Promise<void>): CommandRun {
  return async (context) => {
    await work(context);
    return EXIT.done;
  };
}
