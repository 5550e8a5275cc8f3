import { join } from 'node:path';
import { isPatchError, PatchError } from '@linux-patch/contract';
import { type Clock, type Commands, type Files, type Logger, type OutputSource } from '@linux-patch/runtime';
import {
  type Executor,
  type JobContext,
  type JobOutcome,
  readRootsJob,
  runFolder,
  workerFolder,
} from '@linux-patch/worker';
import type { RunEnding, RunRecord } from './apply-report.ts';
import { followRun } from './follow-run.ts';
import { hear, onInterruption, readReport } from './hear-run.ts';
import type { JobProcesses } from './job-processes.ts';
import { WORKER_PROGRAM } from './program.ts';

/** A process that ends without a word is started once more: it judges what the one before has done. */
const MOST_STARTS = 2;
/** When the host goes down, the agent is told so by then, and the next one starts it. */
const START_PAUSE_MS = 5_000;

/** The doors of whoever follows the processes of jobs. */
export interface RunnerDoors {
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  /** These know the worker by its name. */
  readonly commands: Commands;
}

export interface JobRunnerOptions {
  readonly doors: RunnerDoors;
  readonly root: string;
  /** What the worker is told of the host: its first arguments. */
  readonly hostArguments: readonly string[];
  readonly processes: JobProcesses;
  /** Where the agent of 1.2.0 kept what it knew of the work of its jobs. */
  readonly formerWork: string;
  /** Undefined where jobs outlive the agent; else their processes are its children, but for those that root has had begun. */
  readonly attached: AttachedRuns | undefined;
  readonly record: RunRecord;
  /** Called for a job that is over although no process of it said how it ended. */
  readonly withdraw: (jobId: string) => Promise<void>;
}

/** What is said to a process that is a child. */
interface AttachedRuns {
  /** It keeps the limit of its job itself, and then takes a while to find out what was done. */
  readonly limitMs: number;
  /** Why the clock cannot be believed now; undefined when it can. */
  readonly clockFault: () => string | undefined;
}

/** Has jobs done by the worker, and follows them, also one that an earlier agent had begun. */
export interface JobRunner {
  readonly work: Executor;
  /** Forgets what a job left. */
  readonly forget: (jobId: string) => Promise<void>;
}

export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const { doors, formerWork, processes } = options;
  return {
    async work(_request, context) {
      const ending = await endingOf(options, context).catch(async (error: unknown) => {
        // The next agent goes on with what this one leaves.
        if (!isPatchError(error, 'INTERRUPTED') || error !== context.signal.reason)
          await options.withdraw(context.jobId);
        throw error;
      });
      if (ending) return outcomeOf(options, ending, context);
      await options.withdraw(context.jobId);
      throw lostProcess();
    },
    async forget(jobId) {
      await processes.forget(jobId);
      await doors.files.remove(join(formerWork, jobId));
    },
  };
}

/** @returns undefined when no process of the job said how it ended */
async function endingOf(options: JobRunnerOptions, context: JobContext): Promise<RunEnding | undefined> {
  for (let starts = 0; starts < MOST_STARTS; starts += 1) {
    if (starts > 0) await options.doors.clock.sleep(START_PAUSE_MS, context.signal).catch(() => {});
    context.signal.throwIfAborted();
    const ending = await endingOfRun(options, context);
    if (ending) return ending;
    context.signal.throwIfAborted();
  }
  return undefined;
}

/** One process of a job, from its first word. @returns how it says that it ended; undefined when it did not say so */
async function endingOfRun(options: JobRunnerOptions, context: JobContext): Promise<RunEnding | undefined> {
  const { jobId, signal } = context;
  const { doors } = options;
  const heard = hear({ logger: doors.logger, record: options.record }, context);
  // Who stops the agent stops following; a job that is to end was told so by the worker.
  using stopping = onInterruption(signal);
  const watch = { signal: stopping.interrupted, onLine: heard.onLine, isEnough: heard.isEnding };
  await followProcess(options, context, watch);
  await heard.settled();
  const ending = heard.ending();
  if (!ending)
    doors.logger.warn('the process of a job ended and did not say what came of it', { job_id: jobId });
  return ending;
}

interface Watch {
  readonly signal: AbortSignal;
  readonly onLine: (line: string, source: OutputSource) => void;
  readonly isEnough: () => boolean;
}

/** Has it done, or finds the process that does it. */
async function followProcess(
  options: JobRunnerOptions,
  { jobId, signal }: Pick<JobContext, 'jobId' | 'signal'>,
  watch: Watch,
): Promise<void> {
  const { doors, root, processes, attached } = options;
  if (attached && !(await readRootsJob(doors.files, workerFolder(root), jobId))) {
    // A job that is cancelled by then has been crossed out.
    signal.throwIfAborted();
    return runAttached(options, attached, { jobId, ...watch });
  }
  const { kind } = await processes.begin(jobId);
  if (kind === 'unknown') throw unknownJob();
  await follow(options, processes, { jobId, hasEnded: kind === 'ended', ...watch });
}

async function runAttached(
  { doors, hostArguments }: JobRunnerOptions,
  attached: AttachedRuns,
  { jobId, ...watch }: Watch & { readonly jobId: string },
): Promise<void> {
  const fault = attached.clockFault();
  const doubt = fault === undefined ? [] : ['--clock-fault', Buffer.from(fault).toString('base64url')];
  const args = ['run', jobId, ...hostArguments, '--attached', ...doubt];
  const { limitMs: timeoutMs } = attached;
  const result = await doors.commands.run({ program: WORKER_PROGRAM, args, timeoutMs, ...watch });
  if (result.aborted) watch.signal.throwIfAborted();
}

function follow(
  { doors, root }: JobRunnerOptions,
  processes: JobProcesses,
  { jobId, ...watch }: Watch & { readonly jobId: string; readonly hasEnded: boolean },
): Promise<void> {
  const folder = runFolder(workerFolder(root), jobId);
  const { files, clock } = doors;
  return followRun({ files, clock, folder, isRunning: () => processes.isRunning(jobId), ...watch });
}

/** @throws PatchError what the job failed of */
function outcomeOf(options: JobRunnerOptions, ending: RunEnding, context: JobContext): JobOutcome {
  if (ending.t === 'failed') {
    const { code, message, details } = ending;
    throw new PatchError(code, message, { details });
  }
  const { message, afterwards } = ending;
  const { processes } = options;
  if (!afterwards || options.attached) return { message };
  return { message, afterwards: () => followReboot(options, processes, context) };
}

/** The worker reboots when it hears that the job is on record. @throws PatchError `REBOOT_ERROR` when it could not */
async function followReboot(
  options: JobRunnerOptions,
  processes: JobProcesses,
  { jobId, signal }: JobContext,
): Promise<void> {
  const hasEnded = !(await processes.isRunning(jobId));
  if (!hasEnded) await processes.forget(jobId);
  let failure: string | undefined;
  const onLine = (line: string, source: OutputSource): void => {
    const said = source === 'stdout' ? readReport(line) : undefined;
    if (said?.t !== 'audit') return;
    options.record.onAudited(said);
    if (said.event === 'reboot_failed') failure = String(said.details['reason']);
  };
  await follow(options, processes, {
    jobId,
    hasEnded,
    signal,
    onLine,
    isEnough: () => failure !== undefined,
  });
  if (failure !== undefined) throw new PatchError('REBOOT_ERROR', failure);
}

function unknownJob(): PatchError {
  return new PatchError(
    'INTERRUPTED',
    'The worker of this host has not accepted this job, or has done it already; nothing is done now. Check the packages, then ask for the change again.',
  );
}

/** What is said of a job whose process ended without a word, twice. */
export function lostProcess(): PatchError {
  return new PatchError(
    'INTERRUPTED',
    'The process that did this job ended twice and did not say what came of it; the kernel ends processes when there is no memory left. What the job had changed by then is not known: check the packages, then run it again. An interrupted package installation is repaired before the next job.',
  );
}
