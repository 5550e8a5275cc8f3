import type { Clock, Commands, Files, Logger, LogLevel, Random } from '@linux-patch/runtime';
import type { ManagerPaths } from '../config/paths.ts';
import type { ManagerConfig } from '../config/schema.ts';
import type { ManagerDoors } from '../manager-options.ts';
import type { ApiClient } from './api-client.ts';

/** What a service manager that started the program wants of it. */
interface ServiceManager {
  /** Set when it wants to be told. */
  readonly notifySocket: string | undefined;
  /** Interval in which it wants to hear that the server is alive; undefined when it does not. */
  readonly watchdogMs: number | undefined;
}

/** What the command line uses of the outside world. */
export interface CliDoors {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly commands: Commands;
  readonly createLogger: (level: LogLevel) => Logger;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly readStdin: () => Promise<string>;
  /** Draws a line of standard output again; undefined where that is no terminal. */
  readonly redraw: ((line: string) => void) | undefined;
  /** Asks the person at the terminal for one line; undefined where nobody is. */
  readonly ask:
    | ((question: string, signal: AbortSignal, options?: { readonly hidden: boolean }) => Promise<string>)
    | undefined;
  readonly service: ServiceManager;
  /** Whom this was started for, as the environment has it; it proves nothing. */
  readonly startedFor: string | undefined;
  /** What only the server uses. */
  readonly serving: Pick<ManagerDoors, 'processUsage' | 'threads'>;
  /** Calls back on SIGHUP, which otherwise ends the program with its terminal. */
  readonly onHangUp: (listener: () => void) => Disposable;
  readonly signal: AbortSignal;
}

/** What one command works with. */
export interface CommandContext extends CliDoors {
  readonly root: string;
  readonly configFile: string;
  readonly paths: ManagerPaths;
  readonly config: ManagerConfig;
  readonly api: ApiClient;
  readonly json: boolean;
  readonly nowMs: number;
}

/** Prints data as JSON, or the text made from it. */
export function print(context: CommandContext, data: unknown, text: () => string): void {
  context.stdout(`${context.json ? JSON.stringify(data, null, 2) : text()}\n`);
}
