import { join } from 'node:path';
import type { CommandResult } from '@linux-patch/runtime';
import { ChangePlan } from '../package-interface/change-plan.ts';
import type { PackageWork, WorkCommand } from '../package-interface/package-operations.ts';
import { OutlivingProgram, type OutlivingProgramOptions } from './outliving-program.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export interface DetachedWorkOptions extends OutlivingProgramOptions {
  /** Folder of all jobs' work. */
  readonly folder: string;
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
  readonly #program: OutlivingProgram;
  readonly #folder: string;

  constructor(options: DetachedWorkOptions, jobId: string, folder: string) {
    this.#options = options;
    this.#program = new OutlivingProgram(options, { name: `linux-patch-job-${jobId}`, folder });
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

  canBeFollowed(): Promise<boolean> {
    return this.#program.canBeFollowed();
  }

  run(command: WorkCommand): Promise<CommandResult> {
    return this.#program.run(command, `Linux Patch: ${command.program} for a job`);
  }

  follow(command: Pick<WorkCommand, 'timeoutMs' | 'signal' | 'onLine'>): Promise<CommandResult> {
    return this.#program.follow(command);
  }
}
