import type { Clock, Logger } from '@linux-patch/runtime';
import type { JobJournal, JournalEntry } from './journal.ts';
import { interruptedJob, saveInterrupted } from './recovery.ts';

/** Package work that outlives the process which began it. */
export interface OutlivingWork {
  /** Forgets what the work of a job left. */
  readonly forget: (jobId: string) => Promise<void>;
}

export interface TakeUpOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly journal: JobJournal;
  /** Undefined where a job ends with whoever began it. */
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
  if (!detached) return settleInterrupted(entry, options);
  // Whoever does it says what came of it.
  logger.info('going on with a job that was running when the agent stopped', { job_id, operation });
  return undefined;
}

async function settleInterrupted(
  entry: JournalEntry,
  { clock, journal, logger, unwritten }: TakeUpOptions,
): Promise<JournalEntry> {
  const { job_id, operation } = entry.core;
  const ended = interruptedJob(entry, clock.now());
  logger.warn('a job was interrupted when the agent stopped', { job_id, operation });
  await saveInterrupted(ended, journal, clock.now()).catch(unwritten);
  return ended;
}
