import type { JobResult } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { DetachedWork } from '../detached/work.ts';
import type { JobJournal, JournalEntry } from './journal.ts';
import { interruptedJob, saveInterrupted } from './recovery.ts';

/** Package work that outlives the process which began it. */
export type OutlivingWork = Pick<DetachedWork, 'stateOf' | 'forget'> & {
  /** What is different since the work of a job began; undefined when it had not begun. */
  readonly changedSince: (jobId: string) => Promise<readonly JobResult[] | undefined>;
};

export interface TakeUpOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly journal: JobJournal;
  readonly detached: OutlivingWork | undefined;
  /** Called when the record of a job could not be written. */
  readonly unwritten: (error: unknown) => void;
}

/**
 * What becomes of a job that was running when its process ended: undefined when it can go on, else the job as it ended. The
 * job is over for this run even when the disk does not take it.
 */
export async function takeUp(entry: JournalEntry, options: TakeUpOptions): Promise<JournalEntry | undefined> {
  const { detached, logger } = options;
  const { job_id, operation } = entry.core;
  const state = await detached?.stateOf(job_id).catch((error: unknown) => {
    logger.error('what became of a job cannot be read', { job_id, error });
    return 'lost' as const;
  });
  if (state === undefined || state === 'lost') return settleInterrupted(entry, options);
  logger.info('going on with a job that was running when the agent stopped', { job_id, operation, state });
  return undefined;
}

async function settleInterrupted(
  entry: JournalEntry,
  { clock, detached, journal, logger, unwritten }: TakeUpOptions,
): Promise<JournalEntry> {
  const { job_id, operation } = entry.core;
  const changed = await detached?.changedSince(job_id).catch((error: unknown) => {
    logger.warn('what an interrupted job had changed cannot be read', { job_id, error });
    return undefined;
  });
  const ended = interruptedJob(entry, clock.now(), changed);
  logger.warn('a job was interrupted when the agent stopped', { job_id, operation });
  await saveInterrupted(ended, journal, clock.now()).catch(unwritten);
  await detached?.forget(job_id).catch(unwritten);
  return ended;
}
