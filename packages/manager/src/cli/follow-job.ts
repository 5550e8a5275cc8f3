import {
  type ErrorCode,
  isPatchError,
  type Job,
  MANAGER_ADMIN_ROUTES,
  messageOf,
  PatchError,
} from '@linux-patch/contract';
import { createProgressDisplay, type ProgressScreen } from '@linux-patch/runtime/printed';
import type { CommandContext } from './command-context.ts';
import { JobProgress } from './progress.ts';

/** A silence longer than this may be a connection that nobody has; the job is asked for its state then. */
const SILENCE_MS = 30_000;
const RETRY_MS = 3_000;
/** A host that cannot be asked for so long is not waited for any more; its job may go on. */
const GIVE_UP_MS = 60 * 60_000;

/** What passes when agent, manager or network are back; anything else is an answer. */
const PASSING: readonly ErrorCode[] = [
  'AGENT_UNREACHABLE',
  'AGENT_ERROR',
  'MANAGER_NOT_RUNNING',
  'RATE_LIMIT_EXCEEDED',
  'INTERNAL_ERROR',
];

/** Whether a failure may be over in a moment. */
export function isPassing(error: unknown): boolean {
  return !isPatchError(error) || PASSING.includes(error.code);
}

function isOver({ status }: Pick<Job, 'status'>): boolean {
  return status !== 'queued' && status !== 'running';
}

interface Followed {
  readonly host: string;
  readonly jobId: string;
}

/** Shows progress until the stream ends, breaks or falls silent. Returns whether it ended with the job. */
async function showProgress(
  context: CommandContext,
  { host, jobId }: Followed,
  show: (progress: JobProgress) => void,
): Promise<boolean> {
  const path = MANAGER_ADMIN_ROUTES.hostJobEvents.path
    .replace('{id}', encodeURIComponent(host))
    .replace('{job}', jobId);
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  let silentSinceMs = context.clock.monotonicMs();
  const watching = (async () => {
    while (!signal.aborted) {
      const leftMs = silentSinceMs + SILENCE_MS - context.clock.monotonicMs();
      if (leftMs <= 0) return ended.abort();
      await context.clock.sleep(leftMs, signal).catch(() => {});
    }
  })();
  try {
    for await (const [event, data] of context.api.events(path, signal)) {
      silentSinceMs = context.clock.monotonicMs();
      if (event === 'progress') show(JobProgress.parse(JSON.parse(data)));
      if (event === 'end') return true;
      if (event === 'failed') return false;
    }
  } catch (error) {
    if (!signal.aborted && !isPassing(error)) throw error;
  } finally {
    ended.abort();
    await watching;
  }
  return false;
}

/** Where a single job is shown. */
function screenOf(context: CommandContext): ProgressScreen {
  return {
    write: context.json ? context.stderr : context.stdout,
    redraw: context.json ? undefined : context.redraw,
  };
}

/**
 * Follows a job to its end, over restarts of the agent, of the manager, and of the network between them.
 * @throws PatchError `AGENT_UNREACHABLE` when nobody could be asked for an hour; the job may still be running.
 */
export async function followJob(
  context: CommandContext,
  job: Followed,
  screen: ProgressScreen = screenOf(context),
): Promise<Job> {
  const display = createProgressDisplay(screen);
  let askedMs = context.clock.monotonicMs();
  let said = '';
  try {
    while (!context.signal.aborted) {
      try {
        const now = await context.api.call(MANAGER_ADMIN_ROUTES.hostJob, {
          params: { id: job.host, job: job.jobId },
        });
        askedMs = context.clock.monotonicMs();
        if (isOver(now)) return now;
        said = '';
        if (await showProgress(context, job, (progress) => display.show(progress))) continue;
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (context.clock.monotonicMs() - askedMs > GIVE_UP_MS) throw givenUp(job, error);
        const why = messageOf(error);
        if (why !== said) context.stderr(`Waiting: ${why}\n`);
        said = why;
      }
      await context.clock.sleep(RETRY_MS, context.signal).catch(() => {});
    }
  } finally {
    display.end();
  }
  throw new PatchError(
    'CANCELLED',
    `Not waited for any more. The job goes on; look with "jobs ${job.host} ${job.jobId}".`,
  );
}

function givenUp({ host, jobId }: Followed, cause: unknown): PatchError {
  return new PatchError(
    'AGENT_UNREACHABLE',
    `The job cannot be followed for an hour now: ${messageOf(cause)} It may still be running; look with "jobs ${host} ${jobId}".`,
    { cause },
  );
}
