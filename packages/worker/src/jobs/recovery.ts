import { type JobResult, PatchError } from '@linux-patch/contract';
import type { JobJournal, JournalEntry } from './journal.ts';
import { isFinished, type JobCore, transition } from './state.ts';

export interface HistoryLimits {
  readonly retentionMs: number;
  /** Finished jobs kept, however young. */
  readonly retentionCount: number;
}

const STOPPED = 'The agent stopped while this job was running.';
const NEXT = 'then run it again. An interrupted package installation is repaired before the next job.';
const UNKNOWN = `${STOPPED} What the job had changed by then is not known: check the packages, ${NEXT}`;
const KNOWN = `${STOPPED} Its results name what is different since it began: look at them, ${NEXT}`;

/**
 * What is said of work that was cut off.
 * @param changed what is different since it began; undefined when nobody knows
 */
export function interruption(changed: readonly JobResult[] | undefined): PatchError {
  return new PatchError('INTERRUPTED', changed ? KNOWN : UNKNOWN);
}

/** A job that was running when the agent stopped, as it is from now on. */
export function interruptedJob(entry: JournalEntry, nowMs: number): JournalEntry {
  const { code, message } = interruption(undefined);
  return { ...entry, core: transition(entry.core, { type: 'fail', code, message }, nowMs) };
}

/** Writes an interrupted job down, with what it had logged before the agent stopped. */
export async function saveInterrupted(
  entry: JournalEntry,
  journal: JobJournal,
  nowMs: number,
): Promise<void> {
  const { core } = entry;
  const text = await journal.readText(core.job_id);
  const lines = await journal.readLog(core.job_id);
  // Command output is indented in the log file (see RunningJob).
  const printed = lines.filter((line) => line.startsWith('  ')).map((line) => line.slice(2));
  await journal.save(entry, {
    ...text,
    logs: [
      ...lines.filter((line) => !line.startsWith('  ')),
      `${new Date(nowMs).toISOString()} ${core.message}`,
    ],
    output: printed.length > 0 ? printed.join('\n') : text.output,
  });
}

/** Finished jobs that are too old or too many. */
export function outdatedJobs(
  newestFirst: readonly JobCore[],
  limits: HistoryLimits,
  nowMs: number,
): string[] {
  const oldest = new Date(nowMs - limits.retentionMs).toISOString();
  return newestFirst
    .filter(isFinished)
    .filter((job, index) => index >= limits.retentionCount || (job.completed_at ?? job.created_at) < oldest)
    .map((job) => job.job_id);
}
