/** The environment of every program that is run; nothing of the agent's own reaches one. */
export const COMMAND_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  HOME: '/root',
};

/** One program to run: an argument array, never a shell line. */
export interface Command {
  /** Program name or path; a bare name is looked up in a fixed PATH of system folders. */
  readonly program: string;
  readonly args: readonly string[];
  /** Added to `COMMAND_ENVIRONMENT`; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to standard input, which is then closed; without it standard input is empty. */
  readonly stdin?: string | Uint8Array;
  /** After this many milliseconds the whole process group gets SIGTERM, five seconds later SIGKILL. */
  readonly timeoutMs: number;
  /** Bytes of each output stream that are kept (the newest ones win); default 4 MiB. */
  readonly maxOutputBytes?: number;
  /** Ends the process group as a timeout does. */
  readonly signal?: AbortSignal;
  /** Called with each complete line of standard output, standard error or file descriptor 3. */
  readonly onLine?: (line: string, source: OutputSource) => void;
  /** Opens file descriptor 3 as a pipe and reports its lines with source `fd3`. */
  readonly statusPipe?: boolean;
}

export type OutputSource = 'stdout' | 'stderr' | 'fd3';

/** How a program ended. A non-zero exit code is an outcome, not an error. */
export interface CommandResult {
  /** Exit code, or null when a signal ended the program. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly aborted: boolean;
  readonly durationMs: number;
}

/** The one door to other programs. */
export interface Commands {
  /** @throws PatchError `COMMAND_NOT_FOUND` when the program cannot be started. */
  run(command: Command): Promise<CommandResult>;
}
