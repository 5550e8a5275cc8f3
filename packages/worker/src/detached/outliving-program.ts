import { join } from 'node:path';
import { isPatchError, PatchError } from '@linux-patch/contract';
import type { Clock, CommandResult, Files } from '@linux-patch/runtime';
import type { WorkCommand } from '../package-interface/package-operations.ts';
import { askedSeldom } from './asked-seldom.ts';
import { LineFollower } from './line-follower.ts';
import type { DetachedService } from './service.ts';

const LOOK_INTERVAL_MS = 200;
/** A program that ends says so in its folder; who asks the service manager finds those that could not. */
const ASK_INTERVAL_MS = 2_000;
/** Between asking a program to end and ending it. */
const KILL_DELAY_MS = 5_000;
/** A unit that is gone has written its exit code by then. */
const SETTLE_LOOKS = 5;
/** A script of a package may print for ever without an end of line. */
const LONGEST_LINE = 1024 * 1024;
const FOLDER_MODE = 0o700;

export interface OutlivingProgramOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly service: DetachedService;
}

/** A program that outlives who started it: whoever comes later reads what it printed from the beginning, and how it ended. */
export class OutlivingProgram {
  readonly #options: OutlivingProgramOptions;
  readonly #target: { readonly name: string; readonly folder: string };

  /**
   * @param target.name letters, digits and dashes; names the unit
   * @param target.folder where it leaves what it prints
   */
  constructor(options: OutlivingProgramOptions, target: { readonly name: string; readonly folder: string }) {
    this.#options = options;
    this.#target = target;
  }

  /** Whether the program still runs or has left its exit code. */
  async canBeFollowed(): Promise<boolean> {
    if ((await this.#exitCode()) !== undefined) return true;
    return this.#options.service.isRunning(this.#target);
  }

  isRunning(): Promise<boolean> {
    return this.#options.service.isRunning(this.#target);
  }

  /** Runs it to its end. @throws the signal's reason when that is `INTERRUPTED`; the program then goes on */
  async run(command: WorkCommand, description: string): Promise<CommandResult> {
    await this.start(command, description);
    return this.follow(command);
  }

  /** Starts it anew; what an earlier one has printed is gone. */
  async start(
    command: Pick<WorkCommand, 'program' | 'args' | 'env' | 'timeoutMs'> & { readonly signal?: AbortSignal },
    description: string,
  ): Promise<void> {
    const { files, service } = this.#options;
    const { folder } = this.#target;
    await files.makeFolder(folder, FOLDER_MODE);
    for (const name of ['exit', 'stdout', 'stderr', 'status', 'pid']) await files.remove(join(folder, name));
    command.signal?.throwIfAborted();
    const { program, args, env, timeoutMs } = command;
    await service.start({ ...this.#target, description, program, args, env, timeoutMs });
  }

  /** The same for one that somebody else started. */
  async follow(command: Pick<WorkCommand, 'timeoutMs' | 'signal' | 'onLine'>): Promise<CommandResult> {
    const { clock, files, service } = this.#options;
    const { folder } = this.#target;
    const startedMs = clock.monotonicMs();
    const followers = (['stdout', 'stderr', 'fd3'] as const).map(
      (source) =>
        new LineFollower({
          files,
          path: join(folder, source === 'fd3' ? 'status' : source),
          onLine: (line) => command.onLine(line, source),
          longestLine: LONGEST_LINE,
        }),
    );
    const read = async (): Promise<void> => {
      for (const follower of followers) await follower.read();
    };
    const isRunning = askedSeldom(() => service.isRunning(this.#target), { clock, everyMs: ASK_INTERVAL_MS });
    let [timedOut, aborted] = [false, false];
    let toldMs: number | undefined;
    for (let gone = 0; ; ) {
      const exitCode = await this.#exitCode();
      await read();
      if (exitCode !== undefined || gone > SETTLE_LOOKS) {
        for (const follower of followers) follower.end();
        const [stdout, stderr] = followers.map((one) => one.text()) as [string, string, string];
        const durationMs = clock.monotonicMs() - startedMs;
        return { exitCode: exitCode ?? null, signal: null, stdout, stderr, timedOut, aborted, durationMs };
      }
      gone = (await isRunning()) ? 0 : gone + 1;
      if (command.signal.aborted) {
        // The agent itself is told to stop: the package manager is not, and the next agent goes on here.
        if (isPatchError(command.signal.reason, 'INTERRUPTED')) throw command.signal.reason;
        aborted = true;
      }
      timedOut ||= clock.monotonicMs() - startedMs > command.timeoutMs;
      if (aborted || timedOut) toldMs = await this.#end(toldMs);
      await clock.sleep(LOOK_INTERVAL_MS, aborted ? undefined : command.signal).catch(() => {});
    }
  }

  /** Asks the program to end; ends it when it does not. */
  async #end(toldMs: number | undefined): Promise<number> {
    const { clock, service } = this.#options;
    const now = clock.monotonicMs();
    if (toldMs === undefined) {
      await service.signal(this.#target, 'SIGTERM');
      return now;
    }
    if (now - toldMs > KILL_DELAY_MS) await service.signal(this.#target, 'SIGKILL');
    return toldMs;
  }

  async #exitCode(): Promise<number | undefined> {
    const text = await this.#options.files.readText(join(this.#target.folder, 'exit'));
    if (text === undefined) return undefined;
    const code = Number(text.trim());
    if (Number.isInteger(code) && text.trim() !== '') return code;
    throw new PatchError(
      'INTERNAL_ERROR',
      `${join(this.#target.folder, 'exit')} does not hold an exit code.`,
    );
  }
}
