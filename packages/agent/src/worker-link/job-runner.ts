import { join } from 'node:path';
import { HOUR_MS, isPatchError, PatchError } from '@linux-patch/contract';
import {
  type Clock,
  type CommandResult,
  type Commands,
  type Files,
  type Logger,
  type OutputSource,
  printableLine,
} from '@linux-patch/runtime';
import {
  type DetachedService,
  type JobContext,
  type JobRequest,
  OutlivingProgram,
  RunReport,
  type RunTerms,
  runFolder,
  type Work,
  type WorkOutcome,
  writeCancel,
  writeTerms,
} from '@linux-patch/worker';
import { applyReport, type RunEnding, type RunRecord } from './apply-report.ts';
import { WORKER_PROGRAM } from './program.ts';

/** A process that ends without a word is started once more: it judges what the one before has done. */
const MOST_STARTS = 2;
/** When the host goes down, the agent is told so by then, and the next one starts it. */
const START_PAUSE_MS = 5_000;
/** What is left of a job after its limit: ending its programs, and finding out what they did. */
const AFTER_LIMIT_MS = HOUR_MS;
const MOST_WORDS = 300;

/** The doors of whoever starts the processes of jobs. */
export interface RunnerDoors {
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  /** These know the worker by its name. */
  readonly commands: Commands;
}

export interface JobRunnerOptions {
  readonly doors: RunnerDoors;
  /** `jobs.storage_path`. */
  readonly folder: string;
  readonly root: string;
  /** `package_manager.backend` of the configuration. */
  readonly backend: string;
  /** What starts programs that outlive the agent, and the worker there; undefined where a job ends with the agent. */
  readonly outliving: { readonly service: DetachedService; readonly worker: readonly string[] } | undefined;
  readonly termsOf: (request: JobRequest) => RunTerms;
  readonly record: RunRecord;
  /** Called for a job that is over although no process of it said how it ended. */
  readonly withdraw: (jobId: string) => Promise<void>;
}

/** Does jobs in a process of their own, which the agent follows, also one that an earlier agent has started. */
export interface JobRunner {
  readonly work: Work;
  /** Whether the process of a job runs, or has ended since; else it is started anew, and judges what was begun. */
  readonly stateOf: (jobId: string) => Promise<'under_way' | 'not_begun'>;
  /** Forgets what a job left. */
  readonly forget: (jobId: string) => Promise<void>;
}

export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const { doors, folder } = options;
  return {
    async work(request, context) {
      const ending = await endingOf(options, request, context).catch(async (error: unknown) => {
        // The next agent goes on with what this one leaves.
        if (!isPatchError(error, 'INTERRUPTED') || error !== context.signal.reason)
          await options.withdraw(context.jobId);
        throw error;
      });
      if (ending) return outcomeOf(ending);
      await options.withdraw(context.jobId);
      throw lostProcess();
    },
    async stateOf(jobId) {
      return (await programOf(options, jobId)?.canBeFollowed()) ? 'under_way' : 'not_begun';
    },
    async forget(jobId) {
      await doors.files.remove(runFolder(folder, jobId));
      // Of an earlier release.
      await doors.files.remove(join(folder, 'work', jobId));
    },
  };
}

/** @returns undefined when no process of the job said how it ended */
async function endingOf(
  options: JobRunnerOptions,
  request: JobRequest,
  context: JobContext,
): Promise<RunEnding | undefined> {
  for (let starts = 0; starts < MOST_STARTS; starts += 1) {
    if (starts > 0) await options.doors.clock.sleep(START_PAUSE_MS, context.signal).catch(() => {});
    context.signal.throwIfAborted();
    const ending = await followRun(options, { request, context, again: starts > 0 });
    if (ending) return ending;
    context.signal.throwIfAborted();
  }
  return undefined;
}

function programOf(
  { outliving, doors, folder }: JobRunnerOptions,
  jobId: string,
): OutlivingProgram | undefined {
  if (!outliving) return undefined;
  const place = { name: `linux-patch-run-${jobId}`, folder: runFolder(folder, jobId) };
  return new OutlivingProgram({ ...doors, service: outliving.service }, place);
}

/** One process of a job, from its first word. @returns how it says that it ended; undefined when it did not say so */
async function followRun(
  options: JobRunnerOptions,
  run: { readonly request: JobRequest; readonly context: JobContext; readonly again: boolean },
): Promise<RunEnding | undefined> {
  const { doors, folder, record } = options;
  const { jobId, signal, report } = run.context;
  const place = runFolder(folder, jobId);
  let ending: RunEnding | undefined;
  let noted = Promise.resolve();
  const onLine = (line: string, source: OutputSource): void => {
    const said = source === 'stdout' ? readReport(line) : undefined;
    if (!said) {
      const words = printableLine(line.slice(0, MOST_WORDS));
      return doors.logger.warn('the process of a job says', { job_id: jobId, words });
    }
    noted = noted.then(async () => {
      ending = (await applyReport(said, { jobId, job: report, record })) ?? ending;
    });
  };
  using stopping = passOnStop(signal, () =>
    writeCancel(doors.files, place).catch((error: unknown) => {
      doors.logger.warn('a job could not be told that it is cancelled', { job_id: jobId, error });
    }),
  );
  const result = await runProcess(options, run, { signal: stopping.interrupted, onLine });
  await noted;
  if (!ending) warnOfEnd(doors.logger, jobId, result);
  return ending;
}

/** Starts the process of a job, or follows the one that there is. */
async function runProcess(
  options: JobRunnerOptions,
  { request, context, again }: Parameters<typeof followRun>[1],
  watch: {
    readonly signal: AbortSignal;
    readonly onLine: (line: string, source: OutputSource) => void;
  },
): Promise<CommandResult> {
  const { doors, folder, root, backend, outliving } = options;
  const { jobId } = context;
  const terms = options.termsOf(request);
  const limited = { ...watch, timeoutMs: terms.timeoutMs + AFTER_LIMIT_MS };
  const program = programOf(options, jobId);
  if (program && !again && (await program.canBeFollowed())) return program.follow(limited);
  if (!again) await writeTerms(doors.files, runFolder(folder, jobId), terms);
  // A cancellation that came before the terms is none that the process would see.
  context.signal.throwIfAborted();
  const args = ['run', jobId, '--folder', folder, '--root', root, '--backend', backend];
  if (!program || !outliving)
    return doors.commands.run({ program: WORKER_PROGRAM, args: [...args, '--attached'], ...limited });
  const [worker = WORKER_PROGRAM, ...first] = outliving.worker;
  const command = { program: worker, args: [...first, ...args], env: {}, ...limited };
  return program.run(command, `Linux Patch: job ${jobId}`);
}

/** Who stops the agent stops following; who stops the job has it told so. */
function passOnStop(
  signal: AbortSignal,
  cancel: () => Promise<void>,
): Disposable & { readonly interrupted: AbortSignal } {
  const interrupted = new AbortController();
  const stop = (): void => {
    if (isPatchError(signal.reason, 'INTERRUPTED')) interrupted.abort(signal.reason);
    else void cancel();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return {
    interrupted: interrupted.signal,
    [Symbol.dispose]: () => signal.removeEventListener('abort', stop),
  };
}

/** Undefined for what is no report, or one of a release that knows more of them. */
function readReport(line: string): RunReport | undefined {
  try {
    return RunReport.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** @throws PatchError what the job failed of */
function outcomeOf(ending: RunEnding): WorkOutcome {
  if (ending.t === 'done') return ending;
  const { code, message, details } = ending;
  throw new PatchError(code, message, { details });
}

function warnOfEnd(logger: Logger, job_id: string, { exitCode, signal, aborted }: CommandResult): void {
  if (aborted) return;
  const details = { job_id, exit_code: exitCode, signal };
  logger.warn('the process of a job ended and did not say what came of it', details);
}

function lostProcess(): PatchError {
  return new PatchError(
    'INTERRUPTED',
    'The process that did this job ended twice and did not say what came of it; the kernel ends processes when there is no memory left. What the job had changed by then is not known: check the packages, then run it again. An interrupted package installation is repaired before the next job.',
  );
}
