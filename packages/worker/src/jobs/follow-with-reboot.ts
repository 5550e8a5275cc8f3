import { messageOf } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Executor, JobContext, JobOutcome, RebootNeed, Work } from './executor-interface.ts';
import type { JobRequest } from './job-request.ts';
import type { Reboot } from './reboot.ts';

/** What a job says about a reboot, and what is left to do for it when the job is on record. */
interface Following extends Pick<JobOutcome, 'afterwards'> {
  readonly words: string;
}

type RebootingRequest = Pick<
  Extract<JobRequest, { operation: 'patch_apply' | 'reboot' }>,
  'operation' | 'rebootDelaySeconds'
>;

/** As many as the contract lets a job name. */
const MAX_REASONS = 100;
const MAX_REASON_LENGTH = 1_000;

interface RebootOptions {
  readonly clock: Clock;
  /** Undefined where the agent manages a private package root, whose updates say nothing about this host. */
  readonly reboot: Reboot | undefined;
}

/** The same work with the reboot that may follow it. */
export function withReboot(work: Work, options: RebootOptions): Executor {
  return async (request, context) => {
    const { message, reboot: need } = await work(request, context);
    if (!need || (request.operation !== 'patch_apply' && request.operation !== 'reboot')) return { message };
    const { words, afterwards } = await followWithReboot(need, options, request, context);
    return { message: [message, words].join('; '), afterwards };
  };
}

/** When the reboot of a job comes after it, in milliseconds: shutdown(8) knows whole minutes. */
export function rebootDelayMs({ rebootDelaySeconds }: Pick<RebootingRequest, 'rebootDelaySeconds'>): number {
  return Math.ceil(rebootDelaySeconds / 60) * 60_000;
}

/**
 * Reboots a host that needs it, for these updates or for what came before. One with a delay is scheduled while the job
 * still runs, so that the job says what will happen; one without comes when the job is on record.
 */
async function followWithReboot(
  { required, reasons, refusal }: RebootNeed,
  { clock, reboot }: RebootOptions,
  request: RebootingRequest,
  { jobId, report }: Pick<JobContext, 'jobId' | 'report'>,
): Promise<Following> {
  if (!required) return { words: 'no reboot, because this host needs none' };
  const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
  if (!reboot) return { words: `no reboot${why}: this agent manages a private package root` };
  const shown = reasons.slice(0, MAX_REASONS).map((reason) => reason.slice(0, MAX_REASON_LENGTH));
  const delaySeconds = rebootDelayMs(request) / 1000;
  const plan = { jobId, delaySeconds, reasons: shown };
  const dueMs = clock.now() + delaySeconds * 1000;
  if (refusal !== undefined) return { words: `no reboot${why}: ${refusal}` };
  const noted = { due_at: new Date(dueMs).toISOString(), delay_seconds: delaySeconds, reasons: shown };
  if (delaySeconds === 0) {
    report.reboot(noted);
    return { words: `the host reboots now${why}`, afterwards: () => reboot(plan) };
  }
  try {
    await reboot(plan);
  } catch (error) {
    // A job that is for nothing else has failed.
    if (request.operation === 'reboot') throw error;
    return { words: messageOf(error) };
  }
  report.reboot(noted);
  return {
    words: `the host reboots in ${delaySeconds / 60} min${why}; "shutdown -c" on it cancels that`,
  };
}
