import type { Clock, Commands, Files, Logger, LogLevel, ProcessUsage, Random } from '@linux-patch/runtime';
import type { ManagerPaths } from '../config/paths.ts';
import type { ManagerConfig } from '../config/schema.ts';
import type { ApiClient } from './api-client.ts';

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
  /** Standard output is a terminal. */
  readonly interactive: boolean;
  /** Set by the service manager when it wants to be told. */
  readonly notifySocket: string | undefined;
  /** Interval in which the service manager wants to hear that the server is alive; undefined when it does not. */
  readonly watchdogMs: number | undefined;
  readonly processUsage: () => ProcessUsage;
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
