import { join } from 'node:path';
import { isPatchError, PatchError } from '@linux-patch/contract';
import type { Clock, CommandResult, Files } from '@linux-patch/runtime';
import type { PackageWork, WorkCommand } from '../package-operations.ts';
import { LineFollower } from './line-follower.ts';
import { ChangePlan } from './plan.ts';
import type { DetachedService } from './service.ts';

const LOOK_INTERVAL_MS = 200;
/** Between asking a program to end and ending it. */
const KILL_DELAY_MS = 5_000;
/** A unit that is gone has written its exit code by then. */
const SETTLE_LOOKS = 5;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export interface DetachedWorkOptions {
  /** Folder of all jobs' work. */
  readonly folder: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly service: DetachedService;
}

/** Package work of jobs that outlives the agent. */
export interface DetachedWork {
  /** The work of one job. */
  of(jobId: string): PackageWork;
  /** What a job that was running when the agent ended can do now. */
  stateOf(jobId: string): Promise<'not_begun' | 'under_way' | 'lost'>;
  /** Forgets what a job left. */
  forget(jobId: string): Promise<void>;
}

export function createDetachedWork(options: DetachedWorkOptions): DetachedWork {
  const folderOf = (jobId: string): string => join(options.folder, jobId);
  return {
    of: (jobId) => new JobWork(options, jobId, folderOf(jobId)),
    async stateOf(jobId) {
      const work = new JobWork(options, jobId, folderOf(jobId));
      if (!(await work.plan())) return 'not_begun';
      return (await work.canBeFollowed()) ? 'under_way' : 'lost';
    },
    forget: (jobId) => options.files.remove(folderOf(jobId)),
  };
}

class JobWork implements PackageWork {
  readonly #options: DetachedWorkOptions;
  readonly #name: string;
  readonly #folder: string;

  constructor(options: DetachedWorkOptions, jobId: string, folder: string) {
    this.#options = options;
    this.#name = `linux-patch-job-${jobId}`;
    this.#folder = folder;
  }

  async begin(plan: ChangePlan): Promise<void> {
    const { files } = this.#options;
    await files.remove(this.#folder);
    await files.makeFolder(this.#folder, FOLDER_MODE);
    await files.writeDurably({
      path: join(this.#folder, 'plan.json'),
      data: JSON.stringify(plan),
      mode: FILE_MODE,
    });
  }

  withdraw(): Promise<void> {
    return this.#options.files.remove(this.#folder);
  }

  async plan(): Promise<ChangePlan | undefined> {
    const text = await this.#options.files.readText(join(this.#folder, 'plan.json'));
    if (text === undefined) return undefined;
    return ChangePlan.parse(JSON.parse(text));
  }

  /** Whether the program still runs or has left its exit code. */
  async canBeFollowed(): Promise<boolean> {
    if ((await this.#exitCode()) !== undefined) return true;
    return this.#options.service.isRunning(this.#target);
  }

  async run(command: WorkCommand): Promise<CommandResult> {
    const { files, service } = this.#options;
    await files.makeFolder(this.#folder, FOLDER_MODE);
    for (const name of ['exit', 'stdout', 'stderr', 'status', 'pid'])
      await files.remove(join(this.#folder, name));
    command.signal.throwIfAborted();
    await service.start({
      ...this.#target,
      description: `Linux Patch: ${command.program} for a job`,
      program: command.program,
      args: command.args,
      env: command.env,
      timeoutMs: command.timeoutMs,
    });
    return this.follow(command);
  }

  async follow(command: Pick<WorkCommand, 'timeoutMs' | 'signal' | 'onLine'>): Promise<CommandResult> {
    const { clock, files, service } = this.#options;
    const startedMs = clock.monotonicMs();
    const followers = (['stdout', 'stderr', 'fd3'] as const).map(
      (source) =>
        new LineFollower({
          files,
          path: join(this.#folder, source === 'fd3' ? 'status' : source),
          onLine: (line) => command.onLine(line, source),
        }),
    );
    const read = async (): Promise<void> => {
      for (const follower of followers) await follower.read();
    };
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
      gone = (await service.isRunning(this.#target)) ? 0 : gone + 1;
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
    const text = await this.#options.files.readText(join(this.#folder, 'exit'));
    if (text === undefined) return undefined;
    const code = Number(text.trim());
    if (Number.isInteger(code) && text.trim() !== '') return code;
    throw new PatchError('INTERNAL_ERROR', `${join(this.#folder, 'exit')} does not hold an exit code.`);
  }

  get #target() {
    return { name: this.#name, folder: this.#folder };
  }
}
