import type { Command } from 'commander';
import type { CliDoors, CommandContext } from './command-context.ts';
import { EXIT } from './exit-codes.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly root: string;
  readonly json?: boolean;
  /** URL of a manager elsewhere. */
  readonly manager?: string;
  /** File with the authorities by which it is known. */
  readonly ca?: string;
  readonly tokenFile?: string;
}

/** Runs a command with its context and returns the exit code. */
export type CommandRun = (context: CommandContext) => Promise<number>;

/** Runs a command that reads the configuration itself, because it is for when that is broken. */
export type BareRun = (doors: CliDoors, options: GlobalOptions) => Promise<number>;

/** What the parts of the command line are put together with. */
export interface CommandLine {
  readonly program: Command;
  /** A command with the options that every one takes. */
  readonly add: (parent: Command, usage: string, description: string) => Command;
  /** Says that this command was chosen, which asks a manager. */
  readonly run: (command: Command, work: CommandRun) => void;
  /** The same of one that works on the files of the manager of this machine. */
  readonly runHere: (command: Command, work: CommandRun) => void;
  readonly runBare: (command: Command, work: BareRun) => void;
}

/** Adapts a command without an exit code of its own. */
export function quietly(work: (context: CommandContext) => Promise<void>): CommandRun {
  return async (context) => {
    await work(context);
    return EXIT.done;
  };
}
