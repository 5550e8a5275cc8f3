import { MINUTE_MS, messageOf, PatchError } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { DetachedWork } from '../detached/work.ts';
import type { Executor } from './executor-interface.ts';
import type { JobJournal } from './journal.ts';
import type { RunningJob } from './running-job.ts';
import { isFinished } from './state.ts';

export interface RunJobOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly journal: JobJournal;
  readonly execute: Executor;
  readonly timeoutMs: number;
  /** Package work that outlives this process; without it a job ends with the process. */
  readonly detached: Pick<DetachedWork, 'forget'> | undefined;
  /** Whether this process is told to stop. Package work that outlives it is then left as it is, for the next one. */
  readonly isStopping: () => boolean;
  /** Called when the record of the job could not be written. */
  readonly unwritten: (error: unknown) => void;
}

/** Does a job from its start, or from where an earlier process left it, to its end. Never rejects. */
export async function runJob(job: RunningJob, options: RunJobOptions): Promise<void> {
  const { detached, isStopping, journal, logger, unwritten } = options;
  const { job_id, operation } = job.core;
  const finished = new AbortController();
  limitTime(job, options, finished.signal);
  try {
    if (job.core.status === 'running') job.resume(await journal.readLog(job_id));
    await job.start();
    job.signal.throwIfAborted();
    const outcome = await options.execute(job.request, { jobId: job_id, signal: job.signal, report: job });
    await job.complete(outcome.message);
    if (outcome.afterwards) await finishAfterwards(job, outcome.afterwards, options);
  } catch (error) {
    if (detached && isStopping() && !isFinished(job.core)) return;
    logger.warn('job failed', { job_id, operation, error });
    await job.fail(error).catch(unwritten);
  } finally {
    finished.abort();
  }
  await detached?.forget(job_id).catch(unwritten);
}

function limitTime(
  job: RunningJob,
  { clock, timeoutMs }: Pick<RunJobOptions, 'clock' | 'timeoutMs'>,
  finished: AbortSignal,
): void {
  clock.sleep(timeoutMs, finished).then(
    () => job.stop(lateAfter(timeoutMs)),
    () => {},
  );
}

/** Why a job is stopped that has run so long. */
export function lateAfter(limitMs: number): PatchError {
  return new PatchError(
    'TIMEOUT',
    `The job ran longer than ${Math.round(limitMs / MINUTE_MS)} minutes and was stopped.`,
  );
}

/** What comes when the job is on record; lines that it logs are saved unless the record was deleted meanwhile. */
async function finishAfterwards(
  job: RunningJob,
  work: () => Promise<void>,
  { journal, logger }: Pick<RunJobOptions, 'journal' | 'logger'>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    job.log(messageOf(error));
    logger.error('work after a completed job failed', { job_id: job.core.job_id, error });
  }
  if (await journal.has(job.core.job_id)) await job.saveAgain();
}
